-- Which of these workflows ($2) this token started.
select t.id from enlace.token_started t where t.token = $1 and t.id = any ($2)
