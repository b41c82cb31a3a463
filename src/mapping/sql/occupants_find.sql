-- For each occupied port of a page: what HubSoft shows there, and who of HubSoft's could be meant (rule S4). `in_flight`:
-- work for the port or the service is under way, so that the page may be older than what HubSoft says by now. Looked up row
-- by row (lateral), because statistics lag behind a table that is being filled.
with run as (
  select r.run, r.id_projeto, r.page_at from mapping.sync_run r where r.run = $1
), unread as (
  select array[o.payload ->> 'id_porta_atendimento', o.payload ->> 'id_porta_atendimento_antiga'] as ports,
         array[o.payload ->> 'id_cliente_servico', o.payload ->> 'id_cliente_servico_antigo'] as services
  from enlace.outbox o where o.seq > (select i.upto from enlace.intake i order by i.id desc limit 1)
)
select t.place, p.id_porta_atendimento as port, p.id_cliente_servico as occupant, p.reservado, p.reserved_by, p.observacao,
       j.bloquear_vinculo_porta_reservada as reservations_bind, c.id_cliente_servico as by_code, e.port as elsewhere,
       coalesce(d.services, '{}') as by_document,
       p.transmission = 'pending' or coalesce(p.data_tentativa_transmissao >= run.page_at, false)
         or coalesce(e.in_flight, false)
         or exists (select from enlace.run_key k where k.key in ('port:' || p.id_porta_atendimento, 'service:' || t.code))
         or exists (select from unread u where p.id_porta_atendimento::text = any (u.ports) or t.code::text = any (u.services)) as in_flight
from unnest($2::text[], $3::int[], $4::bigint[], $5::text[]) with ordinality as t (splitter_external_id, sequencia, code, document, place)
cross join run
join mapping.project j on j.id_projeto = run.id_projeto
cross join lateral (
  select o.* from mapping.splitter s join mapping.port o on o.id_splitter = s.id_splitter and o.sequencia = t.sequencia
  where s.external_id = t.splitter_external_id
    and (select b.id_projeto from mapping.box b where b.id_caixa_optica = s.id_caixa_optica) = run.id_projeto
  limit 1
) p
left join lateral (
  select v.id_cliente_servico from hubsoft.customer_service v
  where v.id_cliente_servico = t.code and v.data_cancelamento is null and v.status_prefixo is distinct from 'cancelado'
  limit 1
) c on true
left join lateral (
  select min(o.id_porta_atendimento) as port,
         bool_or(o.transmission = 'pending' or o.data_tentativa_transmissao >= run.page_at) as in_flight
  from mapping.port o
  where o.id_cliente_servico = c.id_cliente_servico and o.id_porta_atendimento <> p.id_porta_atendimento
) e on true
left join lateral (
  select array_agg(v.id_cliente_servico order by v.id_cliente_servico) as services
  from (select w.id_cliente from hubsoft.customer w where mapping.plain_document(w.cpf_cnpj) = t.document offset 0) u
  cross join lateral (
    select w.id_cliente_servico from hubsoft.customer_service w
    where w.id_cliente = u.id_cliente and w.data_cancelamento is null and w.status_prefixo is distinct from 'cancelado' offset 0
  ) v
  where c.id_cliente_servico is null and (
    select count(*) from mapping.port o
    where o.id_cliente_servico = v.id_cliente_servico and o.id_porta_atendimento <> p.id_porta_atendimento) = 0
) d on true
order by t.place
