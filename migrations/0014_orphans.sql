-- Frees work whose worker is no more. A worker's lease used to end in the same statement that freed what it held, and a
-- statement sees only what was committed when it began: what another statement of that worker was still claiming just then was
-- held by nobody's hands from there on, and its keys with it. Ends of leases look again now; this is for what was left before.
-- Whoever had it may have been inside a step, so that it goes on where it is looked at first (G3).
update enlace.run r
set worker = null, interrupted_by = r.worker, status = 'queued', due_at = enlace.now(), since = enlace.now()
where r.worker is not null and not exists (select from enlace.worker w where w.id = r.worker);
