-- The valid token with this hash. Its last use is written at most once a minute, so that calls do not queue for its row.
with used as (
  update enlace.token set last_used_at = enlace.now()
   where hash = $1 and revoked_at is null
     and (last_used_at is null or last_used_at < enlace.now() - interval '1 minute')
)
select id, name, role, created_at, last_used_at, revoked_at
  from enlace.token
 where hash = $1 and revoked_at is null
