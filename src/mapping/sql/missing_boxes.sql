-- Boxes that the sync has not seen are marked missing, never deleted (rule S8). Each
-- is looked up by its key (a count cannot become a join), because statistics of what was just seen are not there yet.
with gone as (
  update mapping.box e set missing_since = enlace.now()
  from mapping.sync_run r
  where r.run = $1 and e.id_projeto = r.id_projeto and e.external_id is not null and e.missing_since is null
    and (select count(*) from mapping.sync_seen n where n.run = $1 and n.kind = 'box' and n.external_id = e.external_id) = 0
  returning 1
)
update mapping.sync_count c set missing = c.missing + (select count(*) from gone) where c.run = $1 and c.kind = 'box'
