-- Schedules whose tick has come, held so that only one scheduler starts it.
select id, kind, payload, pattern, zone, catch_up_seconds, overlap, next_at, enlace.now() as now
from enlace.schedule where active and next_at <= (select enlace.now()) order by id for update skip locked
