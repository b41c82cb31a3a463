-- How each upstream stands (0 open, 1 slowed, 2 closed, 3 as its integration is: inactive, which asks for nobody), whether a call is trying it, its limits, and what waits for it.
select n.upstream,
       case when not n.active then 3 else case enlace.upstream_state(u, t.now) when 'closed' then 2 when 'slowed' then 1 else 0 end end as state,
       coalesce(u.probes and u.closed_until <= t.now and u.probed_by is not null, false) as probed,
       u.rate, u.concurrency,
       (select count(*) from enlace.run r where r.upstream = n.upstream) as waiting
from (select enlace.now() as now) t
cross join (
  select upstream, bool_and(active) as active
  from (select 'integration:' || i.id_integracao, i.active from mapping.integration i union all select u.id, true from enlace.upstream u) m (upstream, active)
  group by upstream
) n
left join enlace.upstream u on u.id = n.upstream
order by n.upstream
limit 500
