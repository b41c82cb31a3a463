-- Element rows inserted, updated or deleted so far.
select sum(n_tup_ins + n_tup_upd + n_tup_del)::bigint from pg_stat_user_tables
where schemaname = 'mapping' and relname in ('box', 'splitter', 'port', 'pole', 'cable')
