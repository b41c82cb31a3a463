-- How long changes take from HubSoft's commit to their end, by integration: those among the last 1000 of any kind that ended,
-- because looking further for changes could mean all of history; and the oldest that has not ended. An integration without either
-- has a row of its own.
with ended as (
  select o.payload, extract(epoch from f.ended_at - o.enqueued_at)::float8 as seconds
  from (select n.id, n.kind, n.status, n.ended_at from enlace.finished n order by n.id desc limit 1000) f
  cross join lateral (select b.payload, b.enqueued_at from enlace.outbox b where b.id = f.id limit 1) o
  where f.kind in ('bind', 'unbind', 'migrate', 'retirement') and f.status = 'succeeded'
), waiting as (
  select o.payload, extract(epoch from enlace.now() - o.enqueued_at)::float8 as seconds
  from (select r.id from enlace.run r where r.lane = 1 order by r.position limit 500) r
  cross join lateral (select b.payload, b.enqueued_at from enlace.outbox b where b.id = r.id limit 1) o
), both_of as (
  select i.id_integracao, a.ended, a.seconds
  from (select payload, seconds, true as ended from ended union all select payload, seconds, false from waiting) a
  left join mapping.port p on p.id_porta_atendimento = (a.payload ->> 'id_porta_atendimento')::bigint
  left join mapping.box b on b.id_caixa_optica = p.id_caixa_optica
  left join mapping.integration i on i.id_projeto = b.id_projeto
)
select i.id_integracao, i.name, count(*) filter (where a.ended) as ended,
       percentile_cont(0.5) within group (order by a.seconds) filter (where a.ended) as p50_seconds,
       percentile_cont(0.95) within group (order by a.seconds) filter (where a.ended) as p95_seconds,
       max(a.seconds) filter (where not a.ended) as oldest_seconds
from mapping.integration i
full join both_of a on a.id_integracao = i.id_integracao
group by i.id_integracao, i.name
order by i.id_integracao nulls last
limit 200
