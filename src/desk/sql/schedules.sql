-- Schedules: the one of id $1, or a page of those after $2.
select id, kind, pattern, zone, active, note, overlap, catch_up_seconds, last_at, case when active then next_at end as next_at, payload
from enlace.schedule
where (id = $1 or $1 is null) and id > $2
order by id
limit $3
