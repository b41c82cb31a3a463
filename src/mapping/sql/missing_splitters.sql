-- Splitters that the sync has not seen are marked missing with their ports, never deleted (rule S8). Each
-- is looked up by its key (a count cannot become a join), because statistics of what was just seen are not there yet.
with gone as (
  update mapping.splitter e set missing_since = enlace.now()
  from mapping.sync_run r
  where r.run = $1 and (select b.id_projeto from mapping.box b where b.id_caixa_optica = e.id_caixa_optica) = r.id_projeto
    and e.external_id is not null and e.missing_since is null
    and (select count(*) from mapping.sync_seen n where n.run = $1 and n.kind = 'splitter' and n.external_id = e.external_id) = 0
  returning e.id_splitter
), ports as (
  update mapping.port o set missing_since = enlace.now()
  where o.id_splitter = any (array(select g.id_splitter from gone g)) and o.missing_since is null
  returning 1
)
update mapping.sync_count c
set missing = c.missing + case c.kind when 'splitter' then (select count(*) from gone) else (select count(*) from ports) end
where c.run = $1 and c.kind in ('splitter', 'port')
