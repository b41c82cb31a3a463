-- What a sync ($1) has not seen and would mark missing, of kind $2, after id $3, at most $4: with the place where it has one, and how
-- many customers sit there. Each is looked up by its key (a count cannot become a join), as in would_vanish.
select e.kind, e.id, e.nome, e.external_id, e.latitude, e.longitude,
       case e.kind
         when 'box' then (
           select count(*) from mapping.splitter s join mapping.port p on p.id_splitter = s.id_splitter
           where s.id_caixa_optica = e.id and p.id_cliente_servico is not null)
         when 'splitter' then (
           select count(*) from mapping.port p where p.id_splitter = e.id and p.id_cliente_servico is not null)
         else 0 end as customers
from mapping.sync_run r
cross join lateral (
  select 'box' as kind, b.id_caixa_optica as id, b.nome, b.external_id, b.latitude, b.longitude from mapping.box b
  where $2 = 'box' and b.id_projeto = r.id_projeto and b.missing_since is null and b.id_caixa_optica > $3::bigint
  union all
  select 'splitter', s.id_splitter, coalesce(b.nome || ' · ', '') || coalesce(s.nome, s.external_id), s.external_id, b.latitude, b.longitude
  from mapping.splitter s join mapping.box b on b.id_caixa_optica = s.id_caixa_optica
  where $2 = 'splitter' and b.id_projeto = r.id_projeto and s.missing_since is null and s.id_splitter > $3::bigint
  union all
  select 'pole', p.id_poste, p.nome, p.external_id, p.latitude, p.longitude from mapping.pole p
  where $2 = 'pole' and p.id_integracao = r.id_integracao and p.missing_since is null and p.id_poste > $3::bigint
  union all
  select 'cable', c.id_cabo, c.nome, c.external_id, null, null from mapping.cable c
  where $2 = 'cable' and c.id_projeto = r.id_projeto and c.missing_since is null and c.id_cabo > $3::bigint
) e
where r.run = $1 and e.external_id is not null
  and (select count(*) from mapping.sync_seen n where n.run = $1 and n.kind = $2 and n.external_id = e.external_id) = 0
order by e.id
limit $4
