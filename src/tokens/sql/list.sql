-- All tokens, newest first.
select id, name, role, created_at, last_used_at, revoked_at
  from enlace.token
 order by id desc
