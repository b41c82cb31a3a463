-- How everything that is unfinished stands: what was taken in, and what was not yet (counted up to 1000). Of `run` alone, because
-- a backlog's outbox rows need not be read to be counted. Ids sort as the times that they hold, also as text: one of them is read
-- as a time, and not each.
with unfinished as (
  select case when r.worker is not null then 'running' when r.status = 'queued' and r.blockers > 0 then 'waiting' else r.status end as name,
         count(*) as count, enlace.id_time(min(r.id::text collate "C")::uuid) as since
  from enlace.run r
  group by 1
  union all
  select 'queued', count(*), min(n.enqueued_at)
  from (select n.enqueued_at from enlace.not_taken_in n order by n.seq limit 1000) n
)
select u.name, sum(u.count)::bigint as count, min(u.since) as since
from unfinished u
group by 1
having sum(u.count) > 0
order by 2 desc
