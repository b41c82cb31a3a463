-- Ports that the platform holds for somebody whom HubSoft does not know are reserved (rule S5), unless HubSoft has put
-- somebody there meanwhile, or a person has reserved them (rule S7).
update mapping.port p set reservado = true, reserved_by = 'sync', observacao = t.observacao
from (
  select o.id_porta_atendimento, u.observacao
  from unnest($1::bigint[], $2::text[]) as u (port, observacao)
  join mapping.port o on o.id_porta_atendimento = u.port
  where o.id_porta_atendimento = any ($1)
  order by o.id_porta_atendimento for no key update of o
) t
where p.id_porta_atendimento = t.id_porta_atendimento and p.id_porta_atendimento = any ($1)
  and p.id_cliente_servico is null and (not p.reservado or p.reserved_by = 'sync')
