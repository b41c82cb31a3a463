-- Starts a workflow in the transaction of the step that wants it.
select enlace.enqueue($1, $2, null, $3)
