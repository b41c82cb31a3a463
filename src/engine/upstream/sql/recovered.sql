-- Opens an upstream whose probe succeeded; calls to it begin slowly. `failures` stays until it was back for a minute.
update enlace.upstream set closed_until = null, probes = false, probed_by = null, probed_at = null,
       opened_at = enlace.now(), changed_at = enlace.now()
where id = $1 and probes and probed_by = $2 and closed_until <= enlace.now()
