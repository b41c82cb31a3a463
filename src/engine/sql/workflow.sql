-- One workflow, explained.
select w.id, w.seq, w.kind, w.version, w.status, w.state, enlace.explain(w) as explanation, w.payload, w.result, w.error,
       w.requested_by, w.dedup_id, enlace.trace_id(w.id, w.traceparent) as trace_id, w.created_at, w.started_at, w.ended_at,
       nullif(w.next_at, 'infinity') as next_at, w.parked, w.blockers, w.asked, w.taken_in, w.original,
       case when w.status = 'parked' then w.parked when w.status not in ('queued', 'waiting') then null
            when w.blockers > 0 then 'key' when w.upstream is not null then 'upstream'
            when w.next_at > enlace.now() then 'time' end as waits_for
from enlace.workflow w where w.id = $1
