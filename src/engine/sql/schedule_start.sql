-- Starts a schedule's workflow, or joins the one that is under way; the id of either.
select enlace.enqueue($1, $2, requested_by => $3)
