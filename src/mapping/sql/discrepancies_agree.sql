-- Both sides of these ports agree again: what was open about them has settled itself.
update mapping.discrepancy d set settled_at = enlace.now(), settled_by = 'sync'
where d.id_porta_atendimento = any ($1) and d.settled_at is null
