-- Whether work for a key was taken in after a position, and whether committed rows wait to be taken in.
with i as (select upto, gaps from enlace.intake order by id desc limit 1)
select exists (select from enlace.run_key where key = $1 and position > $2) as later,
       exists (select from enlace.outbox o where o.seq > (select upto from i))
       or exists (select from enlace.outbox o where o.seq = any ((select gaps from i)::bigint[])) as behind
