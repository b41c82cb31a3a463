-- Projects, with the integration that fills them; of project $1, the rectangle of degrees that its boxes lie in.
select j.id_projeto, j.nome, i.id_integracao, i.platform, e.west, e.south, e.east, e.north
from mapping.project j
left join mapping.integration i on i.id_integracao = j.id_integracao_mapeamento
left join lateral (
  select min(b.longitude) as west, min(b.latitude) as south, max(b.longitude) as east, max(b.latitude) as north
  from mapping.box b where b.id_projeto = j.id_projeto and j.id_projeto = $1 and b.missing_since is null
) e on j.id_projeto = $1::bigint
order by j.nome, j.id_projeto
limit 500
