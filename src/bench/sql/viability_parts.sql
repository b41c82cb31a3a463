-- Where each question's time went, in milliseconds, by the worker's and the database's clocks: until a worker began with it, what its
-- step did beside the platform's calls (to read what HubSoft has, and to search), and until its end was recorded.
select extract(epoch from s.began_at - o.enqueued_at)::float8 * 1000 as begun,
       extract(epoch from s.ended_at - s.began_at)::float8 * 1000
         - (select coalesce(sum((c ->> 'ms')::float8), 0) from jsonb_array_elements(s.calls) c) as searched,
       extract(epoch from f.ended_at - s.ended_at)::float8 * 1000 as ended
from enlace.outbox o
join enlace.step s on s.id = o.id and s.state = 'asking'
join enlace.finished f on f.id = o.id
where o.kind = 'viability'
