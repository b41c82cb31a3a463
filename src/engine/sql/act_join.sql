-- Puts a workflow that has left its keys behind the last holder of each of its new ones, which is locked so that its end cannot
-- slip between.
with keys as (
  select * from unnest($3::text[]) as k (key)
), blocked as (
  select count(*) as blockers
  from keys k
  cross join lateral (
    select true as there from enlace.run_key t where t.key = k.key order by t.position desc limit 1 for key share
  ) tail
), joined as (
  insert into enlace.run_key (key, position, id) select k.key, $2, $1 from keys k
)
update enlace.run set position = $2, blockers = (select b.blockers from blocked b) where id = $1
