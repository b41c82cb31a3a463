-- How a workflow stands.
select status, explanation, result from enlace.status($1)
