-- Pauses a workflow that nobody holds; all else about it stays, the time at which it is due above all.
update enlace.run set status = 'paused', asked = null, hold = $2 || jsonb_build_object('at', enlace.now(), 'status', status) where id = $1
