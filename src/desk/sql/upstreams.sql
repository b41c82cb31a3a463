-- Upstreams with what waits for each: one of every integration, and others that were ever closed; of id $1 alone if given.
select n.id, n.id_integracao,
       case when u.closed_until > enlace.now() then 'closed' else 'open' end as state,
       case when u.closed_until > enlace.now() then nullif(u.closed_until, 'infinity') end as closed_until,
       coalesce(u.closed_until = 'infinity', false) as until_opened,
       case when u.closed_until > enlace.now() then u.reason end as reason,
       case when u.closed_until > enlace.now() then u.closed_by end as by,
       null::float8 as rate, null::int as concurrency,
       (select count(*) from enlace.run r where r.upstream = n.id) as waiting
from (
  select 'integration:' || i.id_integracao as id, i.id_integracao from mapping.integration i
  union all
  select o.id, null from enlace.upstream o
  where not exists (select from mapping.integration i where 'integration:' || i.id_integracao = o.id)
) n
left join enlace.upstream u on u.id = n.id
where n.id = $1 or $1 is null
order by n.id_integracao nulls last, n.id
