-- Identified services become the occupants of empty ports (rule S5), and with that a sync's own reservation is lifted
-- (rule S7). The conditions are asked again: HubSoft may have been quicker.
update mapping.port p
set id_cliente_servico = t.service,
    reservado = p.reservado and p.reserved_by is distinct from 'sync',
    observacao = case when p.reserved_by is distinct from 'sync' then p.observacao end,
    reserved_by = nullif(p.reserved_by, 'sync'),
    transmission = 'sent', transmission_error = null, transmission_external_id = t.external_id,
    data_tentativa_transmissao = enlace.now()
from (
  select o.id_porta_atendimento, u.service, u.external_id
  from unnest($1::bigint[], $2::bigint[], $3::text[]) as u (port, service, external_id)
  join mapping.port o on o.id_porta_atendimento = u.port
  where o.id_porta_atendimento = any ($1)
  order by o.id_porta_atendimento for no key update of o
) t
where p.id_porta_atendimento = t.id_porta_atendimento and p.id_porta_atendimento = any ($1)
  and p.id_cliente_servico is null and p.transmission <> 'pending'
  and (select count(*) from mapping.port o where o.id_cliente_servico = t.service) = 0
