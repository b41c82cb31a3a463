-- Counts a batch, in the transaction that did it, and says when the pace allows the next.
update enlace.bulk_act
set done = done + $2, skipped = skipped + $3, next_at = enlace.now() + $4 * interval '1 second',
    status = case when $5 then 'done' else status end, ended_at = case when $5 then enlace.now() end
where id = $1
