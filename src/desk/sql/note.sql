-- Writes down what a person did to something other than a workflow.
insert into enlace.act (act, person, reason, before, after) values ($1, $2, $3, $4, $5)
