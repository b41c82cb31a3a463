-- The database as its server tells; whose transaction is oldest is not told of other users to one without the right to see it.
select current_setting('server_version') as server, pg_postmaster_start_time() as started_at,
       pg_database_size(current_database()) as bytes,
       (select age(d.datfrozenxid)::bigint from pg_database d where d.datname = current_database()) as xid_age,
       o.seconds as oldest_transaction_seconds, o.application as oldest_transaction_of,
       (select count(*) from pg_stat_activity a where a.datname = current_database() and a.backend_type = 'client backend') as connections
from (select 1) one
left join lateral (
  select coalesce(nullif(left(a.application_name, 40), ''), '?') as application,
         extract(epoch from clock_timestamp() - a.xact_start)::float8 as seconds
  from pg_stat_activity a
  where a.datname = current_database() and a.pid <> pg_backend_pid() and a.backend_type = 'client backend'
    and a.xact_start is not null
  order by a.xact_start
  limit 1
) o on true
