-- What is shown is how things are (contract.md, *status*, *next_at*), and what `enlace_client` may call is what it was granted.
--
-- What is not due yet waits for that time, whoever named it (`not_before`); what was due and has no worker yet is queued. What
-- waits for a platform goes on when that opens: the time in its row is for the case that no worker notices.

-- The time, for views: one that calls something volatile is worked out whole before anything is looked up in it, and a page of it
-- would read the whole outbox (G14).
create function enlace.shown_at() returns timestamptz language sql stable return enlace.now();
comment on function enlace.shown_at is 'enlace.now() for views, which have to be looked up by keys';

create or replace view enlace.workflow as
select o.id, o.seq, o.kind, coalesce(f.version, r.version) as version,
       case when f.id is not null then f.status
            when r.id is null then 'queued'
            when r.worker is not null then 'running'
            when r.status not in ('queued', 'waiting') or r.upstream is not null then r.status
            when r.blockers > 0 or r.due_at > enlace.shown_at() then 'waiting'
            else 'queued' end as status,
       coalesce(f.state, s.next_state, r.state) as state,
       coalesce(e.payload, o.payload) as payload, f.result, coalesce(f.error, r.error) as error,
       o.requested_by, o.dedup_id, o.traceparent, o.enqueued_at as created_at,
       (select min(b.began_at) from enlace.step b where b.id = o.id and b.n = 1) as started_at,
       f.ended_at,
       case when f.id is null and r.worker is null and r.status in ('queued', 'waiting') and r.blockers = 0
            then coalesce((select u.closed_until from enlace.upstream u where u.id = r.upstream and u.closed_until > enlace.shown_at()), r.due_at) end as next_at,
       r.parked, r.blockers, r.failures, r.upstream, r.worker, r.since, r.asked, (r.id is not null) as taken_in,
       r.hold, case when e.id is not null then o.payload end as original
from enlace.outbox o
left join enlace.run r on r.id = o.id
left join enlace.finished f on f.id = o.id
left join lateral (
  select n.next_state from enlace.step n where r.id is not null and n.id = r.id and n.next_state is not null order by n.n desc limit 1
) s on true
left join lateral (
  select d.id, d.payload from enlace.edit d where d.id = o.id order by d.n desc limit 1
) e on true;

-- Functions are everybody's by default in Postgres; some came after 0003, which took them away.
revoke all on all functions in schema enlace from public;
