-- How many elements of a kind a sync has not seen, how many there are that are not missing yet, and the share of them that the
-- integration lets go without a question, where it sets one (rule S9). Each is looked
-- up by its key (a count cannot become a join), because statistics of what was just seen are not there yet.
select count(*) filter (where (
         select count(*) from mapping.sync_seen n where n.run = $1 and n.kind = $2 and n.external_id = e.external_id) = 0) as missing,
       count(*) as known,
       (select (i.settings ->> 'missing_percent')::bigint from mapping.sync_run o join mapping.integration i using (id_integracao)
        where o.run = $1) as percent
from mapping.sync_run r
cross join lateral (
  select b.external_id from mapping.box b
  where $2 = 'box' and b.id_projeto = r.id_projeto and b.missing_since is null
  union all
  select s.external_id from mapping.splitter s
  where $2 = 'splitter' and s.missing_since is null
    and (select b.id_projeto from mapping.box b where b.id_caixa_optica = s.id_caixa_optica) = r.id_projeto
  union all
  select p.external_id from mapping.pole p
  where $2 = 'pole' and p.id_integracao = r.id_integracao and p.missing_since is null
  union all
  select c.external_id from mapping.cable c
  where $2 = 'cable' and c.id_projeto = r.id_projeto and c.missing_since is null
) e
where r.run = $1 and e.external_id is not null
