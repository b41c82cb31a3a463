-- A sync ended well: its row, the project's screen (rule S11), and what it remembered only for itself.
with forgotten as (
  delete from mapping.sync_seen n where n.run = $1
), free as (
  delete from mapping.sync_occupied o where o.run = $1
), shown as (
  update mapping.project p
  set em_sincronizacao = false, erro_sincronizacao = null, ultima_sincronizacao = enlace.now(),
      data_sincronizacao_completa = enlace.now()
  from mapping.sync_run r where r.run = $1 and p.id_projeto = r.id_projeto
)
update mapping.sync_run r set phase = 'finished', ended_at = enlace.now() where r.run = $1
