-- Gives workflows back: to go on at a time, when an upstream opens, or when a person has decided.
update enlace.run r
set worker = null, interrupted_by = null, status = t.status, due_at = coalesce(enlace.now() + t.after_seconds * interval '1 second', 'infinity'),
    failures = t.failures, failed_state = t.failed_state, moves = t.moves, upstream = t.upstream, error = t.error,
    parked = t.parked, since = enlace.now()
from unnest($2::uuid[], $3::text[], $4::float8[], $5::smallint[], $6::text[], $7::smallint[], $8::text[], $9::jsonb[], $10::text[])
  as t (id, status, after_seconds, failures, failed_state, moves, upstream, error, parked)
where r.id = t.id and r.worker = $1
