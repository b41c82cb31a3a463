-- One edit of an integration at a time: what is merged must not change in between.
select i.id_integracao from mapping.integration i where i.id_integracao = $1 for no key update
