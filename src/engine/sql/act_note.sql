-- Writes an act down.
insert into enlace.act (run_id, act, person, reason, before, after, bulk) values ($1, $2, $3, $4, $5, $6, $7) returning id
