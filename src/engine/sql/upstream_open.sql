-- Opens an upstream.
update enlace.upstream set closed_until = null, reason = null, closed_by = null, changed_at = enlace.now() where id = $1 and closed_until is not null
