-- A person has settled these differences (rule S6).
update mapping.discrepancy d set settled_at = enlace.now(), settled_by = $2, settlement = $3
where d.id = any ($1) and d.settled_at is null
