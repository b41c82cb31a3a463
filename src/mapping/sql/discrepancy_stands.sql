-- A difference, and how HubSoft's side stands now; a statement of its own, to see what was committed while it waited for the
-- port. `service`: whom of HubSoft's the platform shows, if that service is still one. `elsewhere`: where else HubSoft has it.
-- `in_flight`: work for the port, or for who is meant to move, is under way.
with unread as (
  select array[o.payload ->> 'id_porta_atendimento', o.payload ->> 'id_porta_atendimento_antiga'] as ports,
         array[o.payload ->> 'id_cliente_servico', o.payload ->> 'id_cliente_servico_antigo'] as services
  from enlace.outbox o where o.seq > (select i.upto from enlace.intake i order by i.id desc limit 1)
)
select d.id, d.id_porta_atendimento as port, d.kind, d.ours, d.theirs, d.settled_at, d.settled_by,
       p.id_cliente_servico as occupant, p.reservado, j.cliente_unico_porta as single, v.id_cliente_servico as service,
       array(select o.id_porta_atendimento from mapping.port o
             where o.id_cliente_servico = v.id_cliente_servico and o.id_porta_atendimento <> p.id_porta_atendimento
             order by 1) as elsewhere,
       p.transmission = 'pending'
         or exists (select from enlace.run_key k where k.key in
           ('port:' || p.id_porta_atendimento, 'service:' || p.id_cliente_servico, 'service:' || v.id_cliente_servico))
         or exists (select from unread u where p.id_porta_atendimento::text = any (u.ports)
           or p.id_cliente_servico::text = any (u.services) or v.id_cliente_servico::text = any (u.services)) as in_flight
from mapping.discrepancy d
join mapping.port p on p.id_porta_atendimento = d.id_porta_atendimento
join mapping.box b on b.id_caixa_optica = p.id_caixa_optica
join mapping.project j on j.id_projeto = b.id_projeto
left join hubsoft.customer_service v on v.id_cliente_servico = d.theirs_service
  and v.data_cancelamento is null and v.status_prefixo is distinct from 'cancelado'
where d.id = $1
for update of d
