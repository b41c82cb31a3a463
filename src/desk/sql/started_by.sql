-- Whether this token started this workflow.
select exists (select from enlace.token_started t where t.token = $1 and t.id = $2)
