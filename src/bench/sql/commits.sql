-- Commits in this database so far.
select pg_stat_get_db_xact_commit(oid) from pg_database where datname = current_database()
