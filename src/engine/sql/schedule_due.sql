-- Schedules whose tick has come, held so that only one scheduler starts it: whoever comes second finds that the tick has moved.
-- A write that changes nothing holds a row on every database, locked by statements of its own or not.
with due as (
  update enlace.schedule set next_at = next_at where active and next_at <= (select enlace.now())
  returning id, kind, payload, pattern, zone, catch_up_seconds, overlap, next_at
)
select id, kind, payload, pattern, zone, catch_up_seconds, overlap, next_at, enlace.now() as now from due order by id
