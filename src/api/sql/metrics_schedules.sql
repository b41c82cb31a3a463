-- When each schedule last ticked, and for how long it has been due.
select s.id::text as schedule, s.kind, extract(epoch from enlace.now() - s.last_at)::float8 as since,
       case when s.active then greatest(extract(epoch from enlace.now() - s.next_at), 0) else 0 end::float8 as overdue
from enlace.schedule s
order by s.id
limit 200
