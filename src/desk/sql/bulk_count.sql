-- Counts a batch, in the transaction that did it: the cursor moves on, and the pace says when the next one is due ($6, seconds).
update enlace.bulk_act
set cursor = $2, done = done + $3, skipped = skipped + $4, failed = failed + $5, next_at = enlace.now() + $6 * interval '1 second',
    status = case when $7 then 'done' else status end, ended_at = case when $7 then enlace.now() end
where id = $1
