-- How these workflows stand: the view `workflow`, without what nobody who only watches needs.
select o.id, o.kind,
       case when f.id is not null then f.status
            when r.id is null then 'queued'
            when r.worker is not null then 'running'
            when r.status = 'queued' and r.blockers > 0 then 'waiting'
            else r.status end as status,
       coalesce(f.state, s.next_state, r.state) as state
from unnest($1::uuid[]) as t (id)
cross join lateral (select b.id, b.kind from enlace.outbox b where b.id = t.id limit 1) o
left join lateral (select n.id, n.status, n.state from enlace.finished n where n.id = t.id limit 1) f on true
left join enlace.run r on r.id = t.id
left join lateral (
  select n.next_state from enlace.step n where r.id is not null and n.id = t.id and n.next_state is not null order by n.n desc limit 1
) s on true
