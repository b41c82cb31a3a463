-- Announces until when an idle worker sleeps (0: it is awake), so that inserts know whether to notify.
select setval('enlace.asleep_until', case when $1::float8 > 0 then ((extract(epoch from clock_timestamp()) + $1) * 1000)::bigint else 0 end)
