-- Boxes near a place ($1, $2), looked for in rectangles of degrees ($3–$6), and boxes that a platform named with their distance
-- ($8–$10), at most $12 of them within $11 metres, nearest first, with what their ports are (rule V3); each free port where
-- $13. Ports are looked up by their box and splitter (lateral, offset 0), because statistics lag behind a table that is being filled.
with near as materialized (
  select f.* from (
    select b.id_caixa_optica, b.id_projeto, b.nome, b.latitude, b.longitude,
           mapping.metres_between(b.latitude, b.longitude, $1::float8, $2::float8) as metres
    from unnest($3::float8[], $4::float8[], $5::float8[], $6::float8[]) as a (west, south, east, north)
    cross join lateral (
      select o.* from mapping.box o
      where point(o.longitude, o.latitude) <@ box(point(a.west, a.south), point(a.east, a.north))
        and o.missing_since is null and o.permite_viabilidade and o.latitude is not null
      offset 0
    ) b
    where b.id_projeto = any ($7::bigint[])
    union all
    select b.id_caixa_optica, b.id_projeto, b.nome, b.latitude, b.longitude, n.metres
    from unnest($8::bigint[], $9::text[], $10::float8[]) as n (id_projeto, external_id, metres)
    cross join lateral (
      select o.* from mapping.box o
      where o.id_projeto = n.id_projeto and o.external_id = n.external_id
        and o.missing_since is null and o.permite_viabilidade and o.latitude is not null
      limit 1
    ) b
  ) f
  where f.metres <= $11::float8
  order by f.metres, f.id_caixa_optica
  limit $12::bigint
)
select n.id_projeto, n.id_caixa_optica, n.nome, n.latitude, n.longitude, n.metres,
       c.total, c.free, c.reserved, c.used, coalesce(c.ports, '{}') as ports, coalesce(c.sequence, '{}') as sequence
from near n
cross join lateral (
  select count(*) as total, count(*) filter (where p.free) as free,
         count(*) filter (where p.id_cliente_servico is null and p.reservado) as reserved,
         count(*) filter (where p.id_cliente_servico is not null) as used,
         array_agg(p.id_porta_atendimento order by p.id_splitter, p.sequencia) filter (where p.free and $13::boolean) as ports,
         array_agg(p.sequencia order by p.id_splitter, p.sequencia) filter (where p.free and $13::boolean) as sequence
  from (
    select s.id_splitter from mapping.splitter s
    where s.id_caixa_optica = n.id_caixa_optica and s.missing_since is null and s.role <> 'distribution'
    offset 0
  ) s
  cross join lateral (
    select o.id_porta_atendimento, o.id_splitter, o.sequencia, o.id_cliente_servico, o.reservado,
           o.id_cliente_servico is null and not o.reservado and not o.blocked as free
    from mapping.port o
    where o.id_splitter = s.id_splitter and o.missing_since is null
    offset 0
  ) p
) c
order by n.metres, n.id_caixa_optica
