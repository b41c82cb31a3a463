-- How a workflow stands.
select status from enlace.workflow where id = $1
