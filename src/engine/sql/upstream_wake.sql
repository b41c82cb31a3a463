-- Lets what waited for an upstream go on.
update enlace.run set due_at = enlace.now(), upstream = null, status = 'queued'
where upstream = $1 and worker is null and status = 'waiting'
