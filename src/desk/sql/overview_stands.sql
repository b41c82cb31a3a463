-- How everything that is unfinished stands.
select u.status as name, count(*) as count, min(u.enqueued_at) as since
from enlace.unfinished u
group by 1
order by 2 desc
