-- How everything that is unfinished stands: what was taken in, and what is committed and was not yet (counted up to 1000). By
-- two ranges of keys rather than the view `unfinished`, whose "or" makes the planner read a large outbox whole.
with last as (
  select i.upto, i.gaps from enlace.intake i order by i.id desc limit 1
), unfinished as (
  select case when r.worker is not null then 'running' when r.status = 'queued' and r.blockers > 0 then 'waiting' else r.status end as name,
         count(*) as count, min(enlace.id_time(r.id)) as since
  from enlace.run r
  group by 1
  union all
  select 'queued', count(*), min(n.enqueued_at)
  from last
  cross join lateral (
    (select o.enqueued_at from enlace.outbox o where o.seq > last.upto order by o.seq limit 1000)
    union all
    (select o.enqueued_at from unnest(last.gaps) g (seq) join enlace.outbox o on o.seq = g.seq)
  ) n
)
select u.name, sum(u.count)::bigint as count, min(u.since) as since
from unfinished u
group by 1
having sum(u.count) > 0
order by 2 desc
