-- Gives workflows back: to go on at a time, when an upstream opens, or when a person has decided. What waits for an
-- upstream waits as long as its row says, which is held still: whoever opens it meanwhile then finds this workflow waiting.
-- What this build could not decode keeps the mark of the worker that was lost in it: a build that can then looks first (G3).
with gates as (
  select u.id, u.closed_until from enlace.upstream u where u.id = any ($8) for share
)
update enlace.run r
set worker = null, interrupted_by = case when t.parked = 'undecodable' then r.interrupted_by end, status = t.status,
    due_at = case when t.upstream is null then coalesce(enlace.now() + t.after_seconds * interval '1 second', 'infinity')
                  else greatest(g.closed_until, enlace.now() + interval '200 milliseconds') end,
    failures = t.failures, failed_state = t.failed_state, moves = t.moves, upstream = t.upstream, error = t.error,
    parked = t.parked, since = enlace.now()
from unnest($2::uuid[], $3::text[], $4::float8[], $5::smallint[], $6::text[], $7::smallint[], $8::text[], $9::jsonb[], $10::text[])
  as t (id, status, after_seconds, failures, failed_state, moves, upstream, error, parked)
left join gates g on g.id = t.upstream
where r.id = t.id and r.worker = $1
