-- Splitters that the sync has not seen are marked missing with their ports, never deleted (rule S8).
with gone as (
  update mapping.splitter e set missing_since = enlace.now()
  from mapping.sync_run r, mapping.box b
  where r.run = $1 and b.id_projeto = r.id_projeto and e.id_caixa_optica = b.id_caixa_optica
    and e.external_id is not null and e.missing_since is null
    and not exists (select from mapping.sync_seen n where n.run = $1 and n.kind = 'splitter' and n.external_id = e.external_id)
  returning e.id_splitter
), ports as (
  update mapping.port o set missing_since = enlace.now()
  from gone g where o.id_splitter = g.id_splitter and o.missing_since is null
  returning 1
)
update mapping.sync_count c
set missing = c.missing + case c.kind when 'splitter' then (select count(*) from gone) else (select count(*) from ports) end
where c.run = $1 and c.kind in ('splitter', 'port')
