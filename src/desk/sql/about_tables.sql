-- The tables that are written most, as the server's statistics see them (G14).
select t.relname::text as name, t.n_live_tup as live, t.n_dead_tup as dead, pg_total_relation_size(t.relid) as bytes,
       greatest(t.last_vacuum, t.last_autovacuum) as vacuumed_at
from pg_stat_user_tables t
where t.schemaname = 'enlace'
  and t.relname in ('run', 'run_key', 'worker', 'outbox', 'outbox_direct', 'dedup', 'intake', 'upstream', 'session', 'act')
order by t.n_dead_tup desc, t.relname
