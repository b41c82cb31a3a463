-- Writes down what a person did to something other than a workflow; $6: the act on many that it is a part of.
insert into enlace.act (act, person, reason, before, after, bulk) values ($1, $2, $3, $4, $5, $6)
