-- Writes a person's decision down as a step: the workflow stands where that leads.
insert into enlace.step (id, n, attempt, state, outcome, next_state, data, error, began_at, ended_at)
select $1, $2, $3, $4, 'done', $5, $6, $7, now.at, now.at from (select enlace.now() as at) now
