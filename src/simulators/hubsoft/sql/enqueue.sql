-- Starts work of kind $1 with payload $2, in this transaction.
select enlace.enqueue($1, $2, requested_by => 'hubsoft')
