-- Who runs workflows, how many each holds, and some of them ($1).
select w.id, w.name, w.build, w.started_at, w.lease_until,
       (select count(*) from enlace.run r where r.worker = w.id) as holds,
       coalesce((
         select jsonb_agg(jsonb_build_object('id', h.id, 'kind', h.kind) order by h.position)
         from (select r.id, r.kind, r.position from enlace.run r where r.worker = w.id order by r.position limit $1) h
       ), '[]') as workflows
from enlace.worker w
where w.lease_until > enlace.now()
order by w.started_at
