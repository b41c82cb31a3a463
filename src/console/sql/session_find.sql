-- The session of the cookie hashed as $1 with its token, where neither ran out. $2, $3: seconds unused, and in all.
with found as (
  select s.hash, s.csrf, s.last_seen_at, t.id, t.name, t.role
  from enlace.session s
  join enlace.token t on t.id = s.token
  where s.hash = $1 and t.revoked_at is null
    and s.last_seen_at >= enlace.now() - $2 * interval '1 second'
    and s.created_at >= enlace.now() - $3 * interval '1 second'
), seen as (
  update enlace.session s set last_seen_at = enlace.now()
  from found f where s.hash = f.hash and f.last_seen_at < enlace.now() - interval '1 minute'
), used as (
  update enlace.token t set last_used_at = enlace.now()
  from found f where t.id = f.id and (t.last_used_at is null or t.last_used_at < enlace.now() - interval '1 minute')
)
select id, name, role, csrf, enlace.now() as now from found
