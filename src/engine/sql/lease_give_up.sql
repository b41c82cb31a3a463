-- Ends a worker's lease in good order. Waits for what is still being written under it.
delete from enlace.worker where id = $1 returning id
