-- Adds a schedule unless it is there.
with added as (
  insert into enlace.schedule (kind, payload, pattern, zone, next_at) values ($1, $2, $3, $4, $5)
  on conflict (kind, payload) do nothing returning id
)
select id from added union all select id from enlace.schedule where kind = $1 and payload = $2 limit 1
