-- Takes the work of dead workers away from them, as lease_reap.sql does, by a delete that holds only while the lease is out.
with dead as (
  delete from enlace.worker where lease_until < enlace.now() returning id
)
update enlace.run r set worker = null, interrupted_by = r.worker, status = 'queued', due_at = enlace.now(), since = enlace.now()
from dead where r.worker = dead.id
