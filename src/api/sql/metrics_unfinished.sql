-- What is unfinished, by kind and status.
select r.kind, case when r.worker is not null then 'running' when r.status = 'queued' and r.blockers > 0 then 'waiting' else r.status end as status,
       count(*) as count
from enlace.run r
group by 1, 2
order by 1, 2
limit 200
