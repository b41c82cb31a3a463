-- Whether a workflow that holds all of these keys was taken in after a position, and whether committed rows wait to be taken in.
-- The first one in order, not any: for any one the planner would read the outbox from its beginning (G14).
with i as (select upto, gaps from enlace.intake order by id desc limit 1)
select exists (
         select from enlace.run_key k
         where k.key = ($1::text[])[1] and k.position > $2
           and not exists (select from unnest($1::text[]) t (key)
                           where not exists (select from enlace.run_key b where b.key = t.key and b.position = k.position))) as later,
       (select o.seq from enlace.outbox o where o.seq > (select upto from i) order by o.seq limit 1) is not null
       or exists (select from enlace.outbox o where o.seq = any ((select gaps from i)::bigint[])) as behind
