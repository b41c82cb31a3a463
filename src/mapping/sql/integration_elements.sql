-- What is synced from the next sync on (rule D3).
update mapping.integration i set elements = $2, changed_at = enlace.now() where i.id_integracao = $1
