-- What a worker holds of a closed upstream: its calls that are still under way ($3), and nothing once they have ended.
with ended as (
  delete from enlace.upstream_share where upstream = $1 and worker = $2 and $3 = 0
)
update enlace.upstream_share set held = $3 where upstream = $1 and worker = $2 and $3 > 0 and held <> $3
