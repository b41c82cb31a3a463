-- A schedule, held still while it is changed.
select id, kind, pattern, zone, active, note, overlap, catch_up_seconds, last_at, next_at, payload from enlace.schedule where id = $1 for update
