-- Lets what waited for an upstream go on: those in front at once, the others as workers have room for them (pull.sql), or by
-- and by if none has.
with turn as (
  select r.id, row_number() over (order by r.lane, r.position) <= 20 as now
  from enlace.run r where r.upstream = $1 and r.worker is null and r.status = 'waiting'
)
update enlace.run r
set due_at = enlace.now() + case when t.now then 0 else 10 + 50 * random() end * interval '1 second',
    upstream = case when not t.now then r.upstream end, status = case when t.now then 'queued' else r.status end, since = enlace.now()
from turn t where r.id = t.id
