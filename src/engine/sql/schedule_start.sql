-- Starts a schedule's workflow.
select enlace.enqueue($1, $2, requested_by => $3)
