-- Takes a key ($2) of a token ($1) for a request of this digest ($3), unless a request of the last day has it; then what became of
-- that one, and whether its answer is overdue ($4: seconds). No row: another request has taken it at this very moment.
with begun as (
  insert into enlace.request as r (token, key, digest) values ($1, $2, $3)
  on conflict (token, key) do update
  set digest = excluded.digest, at = enlace.now(), status = null, location = null, body = null
  where r.at < enlace.now() - interval '1 day'
  returning true
)
select true as begun, true as same, false as late, null::int as status, null::text as location, null::bytea as body from begun
union all
select false, r.digest = $3, r.at < enlace.now() - $4::float8 * interval '1 second', r.status, r.location, r.body
from enlace.request r where r.token = $1 and r.key = $2 and not exists (select from begun)
