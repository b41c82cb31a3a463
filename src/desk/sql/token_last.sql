-- Whether this is the only token of an admin that is valid. All of them are held still: two that are taken back at once by two
-- people must not both find the other one.
with admins as (
  select t.id from enlace.token t where t.role = 'admin' and t.revoked_at is null order by t.id for update
)
select coalesce(bool_and(a.id = $1), false) from admins a
