-- Hands everything over at once: an orderly stop. What was in the middle of a step is marked as interrupted.
with me as (
  delete from enlace.worker where id = $1 returning id
)
update enlace.run r
set worker = null, interrupted_by = case when r.id = any ($2) then r.worker end, status = 'queued', due_at = enlace.now(), since = enlace.now()
from me where r.worker = me.id
