-- Ties an integration to a project (rule D2); HubSoft's column on the project follows.
update mapping.integration i set id_projeto = $2, changed_at = enlace.now() where i.id_integracao = $1
