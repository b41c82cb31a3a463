-- Whether an attempt was recorded by this worker, and is this one: a workflow that a crash made it take in anew has others.
select exists (select from enlace.step where id = $1 and n = $2 and attempt = $3 and worker = $4 and began_at = $5)
