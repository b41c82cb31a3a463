-- Which upstreams are closed, and what waits for each.
select n.upstream, coalesce(u.closed_until > enlace.now(), false) as closed,
       (select count(*) from enlace.run r where r.upstream = n.upstream) as waiting
from (
  select 'integration:' || i.id_integracao as upstream from mapping.integration i union select u.id from enlace.upstream u
) n
left join enlace.upstream u on u.id = n.upstream
order by n.upstream
limit 500
