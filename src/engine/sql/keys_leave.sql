-- Takes the keys of ended workflows away. In key order, so that two workers ending neighbours wait for each other rather
-- than deadlock.
with leaving as (
  select k.key, k.position from enlace.run_key k
  join unnest($1::text[], $2::bigint[]) as t (key, position) using (key, position)
  order by k.key, k.position for update of k
)
delete from enlace.run_key k using leaving l where k.key = l.key and k.position = l.position
