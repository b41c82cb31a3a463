-- Gives a probe back that nobody made: its workflow was called off.
update enlace.upstream set probed_by = null, probed_at = null where id = $1 and probed_by = $2
