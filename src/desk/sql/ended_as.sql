-- How a workflow ended and what came of it, as far as a token that may read only what it started ($2) can know; nothing: it has not.
select f.status, f.result from enlace.finished f
where f.id = $1 and ($2::uuid is null or exists (select from enlace.token_started t where t.token = $2 and t.id = $1))
