-- Whose transaction in this database is open for longest, by the name that it gave itself. Of other users, a user without
-- the right to see it sees nothing.
select coalesce(nullif(left(a.application_name, 40), ''), 'unnamed') as application,
       extract(epoch from clock_timestamp() - a.xact_start)::float8 as seconds
from pg_stat_activity a
where a.datname = current_database() and a.pid <> pg_backend_pid() and a.backend_type = 'client backend'
  and a.xact_start is not null
order by a.xact_start
limit 1
