-- Counts anew how many of their keys have somebody in front of these runs, which are held still.
update enlace.run r set blockers = n.ahead, since = enlace.now()
from (
  select h.id, count(*) filter (where exists (select from enlace.run_key e where e.key = k.key and e.position < k.position))::smallint as ahead
  from enlace.run h join enlace.run_key k on k.position = h.position
  where h.id = any ($1) group by h.id
) n
where r.id = n.id and r.blockers <> n.ahead
