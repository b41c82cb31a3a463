-- How a workflow stands, wherever it is.
select status from enlace.workflow where id = $1
