-- Makes the counters below tell of what this connection did, too.
select pg_stat_force_next_flush()
