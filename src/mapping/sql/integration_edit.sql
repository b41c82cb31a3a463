-- An integration's name, parameters, settings and secrets, as they are from now on.
update mapping.integration i set name = $2, parameters = $3, settings = $4, secrets = $5, changed_at = enlace.now()
where i.id_integracao = $1
