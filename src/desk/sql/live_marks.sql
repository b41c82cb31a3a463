-- Up to where there is something, and whether what is unfinished is too much to be read through every second ($1: bytes).
select enlace.now() as at,
       coalesce((select o.seq from enlace.outbox o order by o.seq desc limit 1), 0) as seq,
       coalesce((select a.id from enlace.act a order by a.id desc limit 1), '00000000-0000-0000-0000-000000000000') as act,
       coalesce((select b.id from enlace.bulk_act b order by b.id desc limit 1), '00000000-0000-0000-0000-000000000000') as bulk,
       pg_relation_size('enlace.run') > $1 as crowded
