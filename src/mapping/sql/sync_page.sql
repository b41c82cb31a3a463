-- A page was written: where the sync is, and what it did with the customers on it.
update mapping.sync_run r
set phase = $2, page_at = enlace.now(), saw_occupants = r.saw_occupants or $2 = 'occupants',
    bound = r.bound + $3, reserved = r.reserved + $4, ambiguous = r.ambiguous + $5, discrepancies = r.discrepancies + $6
where r.run = $1
