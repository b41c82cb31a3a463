-- Where each question's time went, in milliseconds, by the worker's and the database's clocks: until a worker began with it, what it
-- did beside the platform's calls, what its two steps waited to be recorded, the search, and from the search to the recorded end.
select extract(epoch from a.began_at - o.enqueued_at)::float8 * 1000 as begun,
       extract(epoch from a.ended_at - a.began_at)::float8 * 1000
         - (select coalesce(sum((c ->> 'ms')::float8), 0) from jsonb_array_elements(a.calls) c) as asked,
       extract(epoch from s.began_at - a.ended_at)::float8 * 1000 as recorded,
       extract(epoch from s.ended_at - s.began_at)::float8 * 1000 as searched,
       extract(epoch from f.ended_at - s.ended_at)::float8 * 1000 as ended
from enlace.outbox o
join enlace.step a on a.id = o.id and a.state = 'asking'
join enlace.step s on s.id = o.id and s.state = 'searching'
join enlace.finished f on f.id = o.id
where o.kind = 'viability'
