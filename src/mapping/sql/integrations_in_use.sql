-- The integrations that a platform may be asked through: those that are active and fill a project.
select i.id_integracao from mapping.integration i where i.active and i.id_projeto is not null order by i.id_integracao
