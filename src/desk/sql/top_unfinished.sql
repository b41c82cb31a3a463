-- What has not ended, by what it waits for.
select case when r.worker is not null then 'running' when r.status = 'queued' and r.blockers > 0 then 'waiting' else r.status end as status,
       r.parked, r.upstream, r.blockers > 0 as behind, count(*) as count, min(r.since) as since
from enlace.run r
group by 1, 2, 3, 4
order by 1, count(*) desc
limit 100
