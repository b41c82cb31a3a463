-- How far the intake is behind, how much has ever ended (an estimate, as counting millions is not cheap, and the counts of
-- what history has dropped since), and who is alive.
with waiting as (
  select n.enqueued_at from enlace.not_taken_in n order by n.seq limit 1000
)
select coalesce(extract(epoch from enlace.now() - (select min(enqueued_at) from waiting)), 0)::float8 as oldest_seconds,
       (select count(*) from waiting) as not_taken_in,
       -- Of each week by itself: that of the whole is added up anew by nobody, and -1 says that a week was never looked at.
       (select coalesce(sum(greatest(c.reltuples, 0)), 0)
        from pg_inherits h join pg_class c on c.oid = h.inhrelid where h.inhparent = 'enlace.finished'::regclass)::float8
       + (select coalesce(sum(f.count), 0) from enlace.finished_count f)::float8 as ended,
       (select count(*) from enlace.worker w where w.lease_until > enlace.now()) as workers
