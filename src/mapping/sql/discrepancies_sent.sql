-- The platform shows what HubSoft wants on these ports: what was open about them has settled itself (rule S6).
update mapping.discrepancy d set settled_at = enlace.now(), settled_by = 'enlace'
where d.id_porta_atendimento = any ($1) and d.settled_at is null
