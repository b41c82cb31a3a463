-- How each upstream stands (0 open, 1 slowed, 2 closed), whether a call is trying it, its limits, and what waits for it.
select n.upstream,
       case enlace.upstream_state(u, t.now) when 'closed' then 2 when 'slowed' then 1 else 0 end as state,
       coalesce(u.probes and u.closed_until <= t.now and u.probed_by is not null, false) as probed,
       u.rate, u.concurrency,
       (select count(*) from enlace.run r where r.upstream = n.upstream) as waiting
from (select enlace.now() as now) t
cross join (
  select 'integration:' || i.id_integracao as upstream from mapping.integration i union select u.id from enlace.upstream u
) n
left join enlace.upstream u on u.id = n.upstream
order by n.upstream
limit 500
