-- Holds a difference's port still, and then (see discrepancy_stands.sql) the difference: in the order in which syncs take them.
select p.id_porta_atendimento from mapping.port p
where p.id_porta_atendimento = (select d.id_porta_atendimento from mapping.discrepancy d where d.id = $1) for no key update of p
