-- Announces until when an idle worker sleeps (0: it is awake), so that inserts know whether to notify. That need not outlive a crash:
-- the disk is not waited for.
select setval('enlace.asleep_until', case when $1::float8 > 0 then ((extract(epoch from clock_timestamp()) + $1) * 1000)::bigint else 0 end),
       set_config('synchronous_commit', 'off', true)
