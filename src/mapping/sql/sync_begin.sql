-- A sync begins: its row, and what the project's screen shows (rule S11). An earlier sync of the integration that was
-- called off never said that it ended; it is closed here.
with closed as (
  update mapping.sync_run r set phase = 'failed', ended_at = enlace.now(), error = 'called off'
  where r.id_integracao = $2 and r.run <> $1 and r.ended_at is null returning r.run
), forgotten as (
  delete from mapping.sync_seen n using closed c where n.run = c.run
), free as (
  delete from mapping.sync_occupied o using closed c where o.run = c.run
), shown as (
  update mapping.project p set em_sincronizacao = true, erro_sincronizacao = null
  from mapping.integration i where i.id_integracao = $2 and p.id_projeto = i.id_projeto
)
insert into mapping.sync_run (run, id_integracao, id_projeto, begun_at, page_at)
select $1, i.id_integracao, i.id_projeto, enlace.now(), enlace.now() from mapping.integration i where i.id_integracao = $2
on conflict (run) do nothing
