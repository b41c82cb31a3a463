-- A sync failed: its row, and the project's screen, which says why (rule S11). It may have failed before its row was there.
with forgotten as (
  delete from mapping.sync_seen n where n.run = $1
), free as (
  delete from mapping.sync_occupied o where o.run = $1
), shown as (
  update mapping.project p
  set em_sincronizacao = false, erro_sincronizacao = $3, ultima_sincronizacao = enlace.now()
  from mapping.integration i where i.id_integracao = $2 and p.id_projeto = i.id_projeto
)
insert into mapping.sync_run (run, id_integracao, id_projeto, phase, begun_at, ended_at, error)
select $1, i.id_integracao, i.id_projeto, 'failed', enlace.now(), enlace.now(), $3
from mapping.integration i where i.id_integracao = $2
on conflict (run) do update set phase = 'failed', ended_at = excluded.ended_at, error = excluded.error
