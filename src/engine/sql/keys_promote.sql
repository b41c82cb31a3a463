-- Tells the new heads of these keys that nothing is in front of them any more. A statement of its own, after the keys have
-- left, because it must see what the intake committed while that statement waited. They are due from now on, not from when
-- they came: whoever claims has read that part already.
with left_by as (
  select t.key, min(t.position) as position from unnest($1::text[], $2::bigint[]) as t (key, position) group by t.key
), heads as (
  select h.id, count(*)::smallint as freed
  from left_by l
  cross join lateral (select k.id, k.position from enlace.run_key k where k.key = l.key order by k.position limit 1) h
  where h.position > l.position
  group by h.id
), locked as (
  select r.id from enlace.run r join heads h using (id) order by r.id for update of r
)
update enlace.run r set blockers = r.blockers - h.freed, since = enlace.now(), due_at = greatest(r.due_at, enlace.now())
from heads h join locked using (id) where r.id = h.id
