-- The tables that are updated a lot, as the server's statistics see them: what vacuum leaves behind slows everybody (G14).
select t.relname::text as name, t.n_live_tup::float8 as live, t.n_dead_tup::float8 as dead,
       extract(epoch from clock_timestamp() - greatest(t.last_vacuum, t.last_autovacuum))::float8 as vacuumed
from pg_stat_user_tables t
where t.schemaname = 'enlace'
  and t.relname in ('run', 'run_key', 'worker', 'outbox', 'dedup', 'intake', 'upstream', 'schedule')
order by 1
