-- Upstreams with what waits for each: one of every integration, and others that were ever closed; of id $1 alone if given.
select n.id, n.id_integracao, s.state,
       case when u.closed_until > t.now then nullif(u.closed_until, 'infinity') end as closed_until,
       coalesce(u.closed_until = 'infinity', false) as until_opened,
       coalesce(u.probes and u.closed_until <= t.now, false) as probing,
       case when s.state <> 'open' then u.reason end as reason,
       case when s.state <> 'open' then u.closed_by end as by,
       u.rate, u.concurrency,
       (select count(*) from enlace.run r where r.upstream = n.id) as waiting
from (
  select 'integration:' || i.id_integracao as id, i.id_integracao from mapping.integration i
  union all
  select o.id, null from enlace.upstream o
  where not exists (select from mapping.integration i where 'integration:' || i.id_integracao = o.id)
) n
cross join (select enlace.now() as now) t
left join enlace.upstream u on u.id = n.id
cross join lateral (select coalesce(enlace.upstream_state(u, t.now), 'open') as state) s
where n.id = $1 or $1 is null
order by n.id_integracao nulls last, n.id
