-- Lets workflows that no build could decode go on, now that one is here which knows their kind (G10).
update enlace.run set status = 'queued', parked = null, error = null, due_at = enlace.now()
where status = 'parked' and parked = 'undecodable' and kind = any ($1)
