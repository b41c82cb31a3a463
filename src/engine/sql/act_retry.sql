-- Lets a workflow go on at once, from where it stands, with fresh attempts.
update enlace.run
set status = 'queued', parked = null, failures = 0, failed_state = null, moves = 0, upstream = null, error = null, hold = null,
    due_at = enlace.now(), since = enlace.now()
where id = $1
