-- Starts a workflow as HubSoft does.
select enlace.enqueue($1, $2, dedup_id => $3, requested_by => $4, not_before => $5, traceparent => $6)
