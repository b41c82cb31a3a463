-- What the platform took for each question, in the order in which they were asked, in milliseconds.
select coalesce((
  select sum((c ->> 'ms')::float8) from enlace.step s cross join lateral jsonb_array_elements(s.calls) c where s.id = o.id), 0)
from enlace.outbox o where o.kind = 'viability' order by o.seq
