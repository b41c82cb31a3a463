-- Activates or inactivates an integration (rule D4).
update mapping.integration i set active = $2, changed_at = enlace.now() where i.id_integracao = $1
