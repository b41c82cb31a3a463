-- What ports show of their transmission from now on (rule B10). Touches no indexed column.
update mapping.port p
set transmission = t.transmission, transmission_error = t.error,
    transmission_external_id = case when t.transmission = 'sent' then t.external_id else p.transmission_external_id end,
    data_tentativa_transmissao = enlace.now(), to_clear = p.to_clear and t.transmission <> 'sent'
from (
  select o.id_porta_atendimento, u.transmission, u.error, u.external_id
  from unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) as u (port, transmission, error, external_id)
  join mapping.port o on o.id_porta_atendimento = u.port
  where o.id_porta_atendimento = any ($1)
  order by o.id_porta_atendimento for no key update of o
) t
where p.id_porta_atendimento = t.id_porta_atendimento and p.id_porta_atendimento = any ($1)
