-- How far the intake is behind, how much has ended (an estimate, as counting millions is not cheap), and who is alive.
with waiting as (
  select o.enqueued_at
  from (select i.upto, i.gaps from enlace.intake i order by i.id desc limit 1) i
  join enlace.outbox o on o.seq > i.upto or o.seq = any (i.gaps)
  order by o.seq
  limit 1000
)
select coalesce(extract(epoch from enlace.now() - (select min(enqueued_at) from waiting)), 0)::float8 as oldest_seconds,
       (select count(*) from waiting) as not_taken_in,
       greatest((select sum(c.reltuples) from pg_class c where c.oid = 'enlace.finished'::regclass
                 or c.oid in (select h.inhrelid from pg_inherits h where h.inhparent = 'enlace.finished'::regclass)), 0)::float8 as ended,
       (select count(*) from enlace.worker w where w.lease_until > enlace.now()) as workers
