-- Who has been the head of these keys until now although others ($3) stand in front of it, held still where nobody else does:
-- a worker that holds one is not interrupted.
with heads as (
  select distinct h.id
  from (select u.key, min(u.position) as position from unnest($1::text[], $2::bigint[]) as u (key, position) group by u.key) t
  cross join lateral (
    select k.id from enlace.run_key k where k.key = t.key and k.position > t.position and k.id <> all ($3::uuid[])
    order by k.position limit 1
  ) h
), locked as (
  select r.id from enlace.run r join heads using (id) where r.worker is null order by r.id for update of r skip locked
)
select h.id, l.id is not null as still from heads h left join locked l using (id)
