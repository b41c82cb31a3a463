-- How many elements of a kind a sync has not seen, and how many there are that are not missing yet (rule S9).
select count(*) filter (where n.run is null) as missing, count(*) as known
from (
  select b.external_id from mapping.sync_run r join mapping.box b on b.id_projeto = r.id_projeto
  where $2 = 'box' and r.run = $1 and b.missing_since is null and b.external_id is not null
  union all
  select s.external_id from mapping.sync_run r
  join mapping.box b on b.id_projeto = r.id_projeto
  join mapping.splitter s on s.id_caixa_optica = b.id_caixa_optica
  where $2 = 'splitter' and r.run = $1 and s.missing_since is null and s.external_id is not null
  union all
  select p.external_id from mapping.sync_run r join mapping.pole p on p.id_integracao = r.id_integracao
  where $2 = 'pole' and r.run = $1 and p.missing_since is null and p.external_id is not null
  union all
  select c.external_id from mapping.sync_run r join mapping.cable c on c.id_projeto = r.id_projeto
  where $2 = 'cable' and r.run = $1 and c.missing_since is null and c.external_id is not null
) known
left join mapping.sync_seen n on n.run = $1 and n.kind = $2 and n.external_id = known.external_id
