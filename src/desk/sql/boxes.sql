-- Boxes with what their ports are: the one of id $1, or those after id $2 of project $3 within a rectangle of degrees ($4–$7: west,
-- south, east, north); at most $8, in the order of ids. What counts as a port is what viability counts (rule V3).
select b.id_caixa_optica, b.nome, b.id_projeto, j.nome as projeto, b.external_id, b.latitude, b.longitude, b.atendimento, b.emenda,
       b.permite_viabilidade, b.missing_since, c.total, c.disponiveis, c.reservadas, c.utilizadas
from (
  select o.* from mapping.box o
  where ($1::bigint is null or o.id_caixa_optica = $1) and ($2::bigint is null or o.id_caixa_optica > $2)
    and ($3::bigint is null or o.id_projeto = $3)
    and ($4::float8 is null or (o.latitude between $5 and $7::float8 and o.longitude between $4 and $6::float8))
  order by o.id_caixa_optica
  limit $8
) b
join mapping.project j on j.id_projeto = b.id_projeto
cross join lateral (
  select count(*) as total,
         count(*) filter (where p.id_cliente_servico is null and not p.reservado and not p.blocked and b.missing_since is null) as disponiveis,
         count(*) filter (where p.id_cliente_servico is null and p.reservado) as reservadas,
         count(*) filter (where p.id_cliente_servico is not null) as utilizadas
  from (
    select s.id_splitter from mapping.splitter s
    where s.id_caixa_optica = b.id_caixa_optica and s.missing_since is null and s.role <> 'distribution'
    offset 0
  ) s
  cross join lateral (
    select o.id_cliente_servico, o.reservado, o.blocked from mapping.port o
    where o.id_splitter = s.id_splitter and o.missing_since is null
    offset 0
  ) p
) c
order by b.id_caixa_optica
