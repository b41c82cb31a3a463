-- Asks the worker that holds a workflow.
update enlace.run set asked = $2 where id = $1
