-- HubSoft's side of ports on which the platform showed nobody. `in_flight`: work for the port or its service is under way, or has
-- been since the platform's pages were read, so that they may be older than what it shows by now.
with run as (
  select r.occupants_at from mapping.sync_run r where r.run = $1
), unread as (
  select array[o.payload ->> 'id_porta_atendimento', o.payload ->> 'id_porta_atendimento_antiga'] as ports,
         array[o.payload ->> 'id_cliente_servico', o.payload ->> 'id_cliente_servico_antigo'] as services
  from enlace.outbox o where o.seq > (select i.upto from enlace.intake i order by i.id desc limit 1)
)
select p.id_porta_atendimento as port, p.id_cliente_servico as occupant,
       p.transmission = 'pending' or coalesce(p.data_tentativa_transmissao >= run.occupants_at, false)
         or exists (select from enlace.run_key k
                    where k.key in ('port:' || p.id_porta_atendimento, 'service:' || p.id_cliente_servico))
         or exists (select from unread u
                    where p.id_porta_atendimento::text = any (u.ports) or p.id_cliente_servico::text = any (u.services)) as in_flight
from mapping.port p
cross join run
where p.id_porta_atendimento = any ($2)
order by p.id_porta_atendimento
