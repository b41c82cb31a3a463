-- A new integration, not tied to a project yet.
insert into mapping.integration (id_integracao, platform, name, parameters, settings, elements, secrets, created_at, changed_at)
values ($1, $2, $3, $4, $5, $6, $7, enlace.now(), enlace.now())
