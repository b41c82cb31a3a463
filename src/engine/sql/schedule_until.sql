-- Seconds until the next tick of any schedule.
select extract(epoch from min(next_at) - enlace.now())::float8 from enlace.schedule where active
