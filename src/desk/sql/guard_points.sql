-- Where the boxes of a sync's project ($1) lie, and how many of them it has not seen, by the cells of a grid of $2 by $2.
with boxes as materialized (
  select b.latitude, b.longitude,
         (select count(*) from mapping.sync_seen n where n.run = $1 and n.kind = 'box' and n.external_id = b.external_id) = 0 as gone
  from mapping.sync_run r
  join mapping.box b on b.id_projeto = r.id_projeto and b.missing_since is null and b.external_id is not null and b.latitude is not null
  where r.run = $1
), around as (
  select min(latitude) as south, max(latitude) as north, min(longitude) as west, max(longitude) as east from boxes
)
select avg(b.latitude) as latitude, avg(b.longitude) as longitude, count(*) as count, count(*) filter (where b.gone) as gone
from boxes b cross join around a
group by floor((b.latitude - a.south) / nullif(a.north - a.south, 0) * $2::int), floor((b.longitude - a.west) / nullif(a.east - a.west, 0) * $2::int)
