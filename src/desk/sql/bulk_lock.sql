-- Holds an act on many still, to steer it.
select status from enlace.bulk_act where id = $1 for update
