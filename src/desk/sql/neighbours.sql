-- Workflows on the same ports ($3), services ($4) or integrations ($5) as the one of this number ($1), the nearest first: those
-- before it, or those after it ($2).
select w.id, w.seq, w.kind, w.version, w.status, w.state, enlace.explain(w) as explanation, w.payload, w.result, w.error,
       w.requested_by, w.dedup_id, enlace.trace_id(w.id, w.traceparent) as trace_id, w.created_at, w.started_at, w.ended_at,
       nullif(w.next_at, 'infinity') as next_at, w.parked, w.blockers, w.asked, w.taken_in, w.original,
       case when w.status = 'parked' then w.parked when w.status not in ('queued', 'waiting') then null
            when w.blockers > 0 then 'key' when w.upstream is not null then 'upstream'
            when w.next_at > enlace.now() then 'time' end as waits_for
from (
  select o.id, o.seq from (
    select enlace.trail_of($3::bigint[], $4::bigint[]) as seq
    union
    select b.seq from mapping.sync_run s join enlace.outbox b on b.id = s.run where s.id_integracao = any ($5::bigint[])
  ) c
  join enlace.outbox o on o.seq = c.seq
  where case when $2::boolean then c.seq > $1::bigint else c.seq < $1::bigint end
  order by case when $2::boolean then c.seq else -c.seq end
  limit $6::bigint
) n
join enlace.workflow w on w.id = n.id
order by case when $2::boolean then w.seq else -w.seq end
