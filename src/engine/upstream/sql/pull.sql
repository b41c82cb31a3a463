-- Lets those go on that are in front of the queue of each upstream, as many as there is room for ($2), and so much bulk work ($3)
-- whatever is in front of it: urgent work that never ends would starve it here (G7). Others may be pulling too.
with room as (
  select * from unnest($1::text[], $2::int[], $3::int[]) as t (upstream, most, bulk)
), turn as (
  select r.id from room t
  cross join lateral (
    select q.id from enlace.run q
    where q.upstream = t.upstream and q.worker is null and q.status = 'waiting' and q.blockers = 0
    order by q.lane, q.position limit t.most for update skip locked
  ) r
), bulk as (
  select r.id from room t
  cross join lateral (
    select q.id from enlace.run q
    where q.upstream = t.upstream and q.worker is null and q.status = 'waiting' and q.blockers = 0 and q.lane = 2
    order by q.position limit t.bulk for update skip locked
  ) r
)
update enlace.run r set due_at = enlace.now(), status = 'queued', upstream = null, since = enlace.now()
where r.id in (select turn.id from turn union select bulk.id from bulk)
