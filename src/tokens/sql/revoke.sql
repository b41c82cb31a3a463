-- Takes a token back, from now on; the first date stays.
update enlace.token set revoked_at = coalesce(revoked_at, enlace.now())
 where id = $1
returning id, name, role, created_at, last_used_at, revoked_at
