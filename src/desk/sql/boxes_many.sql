-- Whether there are more boxes of project $1 within a rectangle of degrees ($2–$5: west, south, east, north) than $6.
select count(*) > $6::bigint as many
from (
  select from mapping.box b
  where ($1::bigint is null or b.id_projeto = $1)
    and b.latitude between $3::float8 and $5::float8 and b.longitude between $2::float8 and $4::float8
  limit $6::bigint + 1
) b
