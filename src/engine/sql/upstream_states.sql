-- Which upstreams are closed now, and for how many seconds more; none: until a person opens them.
select id, case when closed_until < 'infinity' then extract(epoch from closed_until - enlace.now())::float8 end as seconds, reason, closed_by
from enlace.upstream where closed_until > enlace.now()
