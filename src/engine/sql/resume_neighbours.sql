-- Holds still who stands before and behind each place that is about to be taken: an end of theirs then waits, and promotes by
-- what stands there afterwards. In key order, as whoever ends them goes.
select t.key, before.there as before, behind.there as behind
from (select u.key, u.position from unnest($1::text[], $2::bigint[]) as u (key, position) order by u.key, u.position) t
left join lateral (
  select true as there from enlace.run_key k where k.key = t.key and k.position < t.position order by k.position desc limit 1 for key share
) before on true
left join lateral (
  select true as there from enlace.run_key k where k.key = t.key and k.position > t.position order by k.position limit 1 for key share
) behind on true
