-- Lets those go on that are in front of the queue of each upstream, as many as there is room for. Others may be pulling too.
with turn as (
  select r.id from unnest($1::text[], $2::int[]) as t (upstream, room)
  cross join lateral (
    select q.id from enlace.run q
    where q.upstream = t.upstream and q.worker is null and q.status = 'waiting' and q.blockers = 0
    order by q.lane, q.position limit t.room for update skip locked
  ) r
)
update enlace.run r set due_at = enlace.now(), status = 'queued', upstream = null, since = enlace.now()
from turn where r.id = turn.id
