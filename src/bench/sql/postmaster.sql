-- The process id of the server, where this user may read it.
select split_part(pg_read_file('postmaster.pid'), E'\n', 1)
