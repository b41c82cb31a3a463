-- Takes the work of dead workers away from them, so that anyone may claim it. One that is inside a transaction is left for
-- the next round: the server ends such a transaction after some seconds.
with dead as (
  delete from enlace.worker where id in (select id from enlace.worker where lease_until < enlace.now() for update skip locked)
  returning id
)
update enlace.run r set worker = null, interrupted_by = r.worker, status = 'queued', due_at = enlace.now(), since = enlace.now()
from dead where r.worker = dead.id
