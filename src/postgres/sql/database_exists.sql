-- Whether this server holds a database of that name.
select exists (select from pg_database where datname = $1)
