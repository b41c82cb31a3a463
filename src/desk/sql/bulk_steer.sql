-- Pauses an act on many, lets it go on, or calls it off.
update enlace.bulk_act set status = $2, next_at = enlace.now(), ended_at = case when $2 = 'cancelled' then enlace.now() end where id = $1
returning id, action, argument, filter, person, reason, pace, total, done, skipped, failed, status, created_at, ended_at, cursor
