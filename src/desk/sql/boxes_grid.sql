-- Boxes of project $1 within a rectangle of degrees ($2–$5: west, south, east, north), by the cells of a grid of $6 by $6: how many,
-- where in the middle, and one of them. Cells are numbered by one whole number: half the work of grouping by two fractions.
select count(*) as count, avg(b.latitude) as latitude, avg(b.longitude) as longitude, min(b.id_caixa_optica) as id_caixa_optica
from mapping.box b
where ($1::bigint is null or b.id_projeto = $1) and b.missing_since is null
  and b.latitude between $3::float8 and $5::float8 and b.longitude between $2::float8 and $4::float8
group by trunc((b.latitude - $3) * ($6::int / greatest($5 - $3, 1e-9)))::int * ($6 + 1)
  + trunc((b.longitude - $2) * ($6 / greatest($4 - $2, 1e-9)))::int
