-- Which upstreams are closed now, and for how long.
select id, closed_until = 'infinity' as until_opened, nullif(closed_until, 'infinity') as closed_until, reason, closed_by
from enlace.upstream where closed_until > enlace.now()
