-- Whether an attempt was recorded by this worker.
select exists (select from enlace.step where id = $1 and n = $2 and attempt = $3 and worker = $4)
