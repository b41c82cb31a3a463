-- Drops a partition, but for what is needed of it.
select enlace.history_retire($1::regclass)
