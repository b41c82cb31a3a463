-- Moves an act on many on by a batch, if nobody else has: the guard that no batch is done twice.
update enlace.bulk_act set cursor = $3 where id = $1 and cursor = $2 and status = 'running' and next_at <= enlace.now()
