-- Workers whose lease runs, and what each holds.
select w.id, w.name, w.build, w.started_at, coalesce(h.holds, 0)::bigint as holds, coalesce(h.kinds, '{}') as kinds
from enlace.worker w
left join lateral (
  select sum(k.count) as holds, jsonb_object_agg(k.kind, k.count) as kinds
  from (select r.kind, count(*) as count from enlace.run r where r.worker = w.id group by 1) k
) h on true
where w.lease_until > enlace.now()
order by w.started_at
limit 200
