-- For each occupied port of a page: what HubSoft shows there, and who of HubSoft's could be meant (rule S4). `in_flight`:
-- work for the port or the service is under way, so that the page may be older than what HubSoft says by now.
with run as (
  select r.run, r.id_projeto, r.page_at from mapping.sync_run r where r.run = $1
), unread as (
  select o.payload ->> 'id_porta_atendimento' as port, o.payload ->> 'id_cliente_servico' as service
  from enlace.outbox o where o.seq > (select i.upto from enlace.intake i order by i.id desc limit 1)
)
select t.place, p.id_porta_atendimento as port, p.id_cliente_servico as occupant, p.reservado, p.reserved_by, p.observacao,
       j.bloquear_vinculo_porta_reservada as reservations_bind, c.id_cliente_servico as by_code, e.port as elsewhere,
       coalesce(d.services, '{}') as by_document,
       p.transmission = 'pending' or coalesce(p.data_tentativa_transmissao >= run.page_at, false)
         or coalesce(e.transmission = 'pending' or e.data_tentativa_transmissao >= run.page_at, false)
         or exists (select from enlace.run_key k where k.key in ('port:' || p.id_porta_atendimento, 'service:' || t.code))
         or exists (select from unread u where u.port = p.id_porta_atendimento::text or u.service = t.code::text) as in_flight
from unnest($2::text[], $3::int[], $4::bigint[], $5::text[]) with ordinality as t (splitter_external_id, sequencia, code, document, place)
cross join run
join mapping.project j on j.id_projeto = run.id_projeto
join mapping.splitter s on s.external_id = t.splitter_external_id
join mapping.box b on b.id_caixa_optica = s.id_caixa_optica and b.id_projeto = run.id_projeto
join mapping.port p on p.id_splitter = s.id_splitter and p.sequencia = t.sequencia
left join hubsoft.customer_service c
  on c.id_cliente_servico = t.code and c.data_cancelamento is null and c.status_prefixo is distinct from 'cancelado'
left join lateral (
  select o.id_porta_atendimento as port, o.transmission, o.data_tentativa_transmissao from mapping.port o
  where o.id_cliente_servico = c.id_cliente_servico and o.id_porta_atendimento <> p.id_porta_atendimento
  order by o.id_porta_atendimento limit 1
) e on true
left join lateral (
  select array_agg(v.id_cliente_servico order by v.id_cliente_servico) as services
  from hubsoft.customer u
  join hubsoft.customer_service v on v.id_cliente = u.id_cliente
  where mapping.plain_document(u.cpf_cnpj) = t.document
    and v.data_cancelamento is null and v.status_prefixo is distinct from 'cancelado'
    and not exists (
      select from mapping.port o
      where o.id_cliente_servico = v.id_cliente_servico and o.id_porta_atendimento <> p.id_porta_atendimento)
) d on c.id_cliente_servico is null and t.document is not null
order by t.place
