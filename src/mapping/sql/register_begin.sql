-- Boxes are registered as a sync of these few, whose row exists in this transaction alone (rule V2). `page_at`: when the platform
-- was asked; what was sent to a port since then counts more than what it told.
insert into mapping.sync_run (run, id_integracao, id_projeto, begun_at, page_at)
select $1, i.id_integracao, i.id_projeto, $3, $3 from mapping.integration i
where i.id_integracao = $2 and i.id_projeto is not null
on conflict (run) do nothing
