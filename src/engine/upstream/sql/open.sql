-- Opens an upstream. Why it was closed stays, for who asks why it is slow while it comes back.
update enlace.upstream set closed_until = null, probes = false, probed_by = null, probed_at = null, failures = 0,
       opened_at = enlace.now(), changed_at = enlace.now()
where id = $1 and closed_until is not null
