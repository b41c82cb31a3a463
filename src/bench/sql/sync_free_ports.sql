-- Ports that are free on both sides, each with a service for it.
select p.id_porta_atendimento, 5000000 + row_number() over (order by p.id_porta_atendimento)
from mapping.port p
join mapping.splitter s using (id_splitter)
where p.id_cliente_servico is null and not p.reservado and not p.blocked and p.missing_since is null and s.role = 'attendance'
order by p.id_porta_atendimento
limit 50000
