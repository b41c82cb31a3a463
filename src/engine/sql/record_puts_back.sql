-- Gives workflows back: to go on at a time, when an upstream opens, or when a person has decided. What waits for an
-- upstream waits as long as its row says, which is held still: whoever opens it meanwhile then finds this workflow waiting.
-- Workers take it from the front of the queue when it opens; the time after that is for the case that none does. It is long,
-- and differs from one to the next: each that comes due before its upstream takes it costs a claim and a record for nothing.
-- Where a person asked for a pause meanwhile, it is paused, unless it waits for a person anyway; where one asked to cancel it, it
-- is claimed again at once, to be cancelled.
-- What this build could not decode keeps the mark of the worker that was lost in it: a build that can then looks first (G3).
with gates as (
  select u.id, u.closed_until from enlace.upstream u where u.id = any ($8) for share
)
update enlace.run r
set worker = null, interrupted_by = case when t.parked = 'undecodable' then r.interrupted_by end,
    status = case when r.asked ->> 'act' = 'cancel' then 'queued' when r.asked ->> 'act' = 'pause' and t.parked is null then 'paused' else t.status end,
    due_at = case when r.asked ->> 'act' = 'cancel' then enlace.now()
                  when t.upstream is null then coalesce(enlace.now() + t.after_seconds * interval '1 second', 'infinity')
                  else greatest(g.closed_until, enlace.now()) + (60 + 540 * random()) * interval '1 second' end,
    hold = case when r.asked ->> 'act' = 'pause' and t.parked is null
                then (r.asked - 'act') || jsonb_build_object('at', enlace.now(), 'status', t.status) end,
    asked = case when r.asked ->> 'act' = 'cancel' then r.asked end,
    failures = t.failures, failed_state = t.failed_state, moves = t.moves, upstream = t.upstream, error = t.error,
    parked = case when r.asked ->> 'act' = 'cancel' then null else t.parked end, since = enlace.now()
from unnest($2::uuid[], $3::text[], $4::float8[], $5::smallint[], $6::text[], $7::smallint[], $8::text[], $9::jsonb[], $10::text[], $11::timestamptz[])
  as t (id, status, after_seconds, failures, failed_state, moves, upstream, error, parked, since)
left join gates g on g.id = t.upstream
where r.id = t.id and r.worker = $1 and r.since = coalesce(t.since, r.since)
