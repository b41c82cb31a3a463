-- A page was written: where the sync is, and what it did with the customers on it. The first page of occupants says since when
-- what it knows of free ports may be old: since it was asked for, which was after the page before was written.
update mapping.sync_run r
set phase = $2, page_at = enlace.now(),
    occupants_at = case when $2 = 'occupants' and not r.saw_occupants then r.page_at else r.occupants_at end,
    saw_occupants = r.saw_occupants or $2 = 'occupants',
    bound = r.bound + $3, reserved = r.reserved + $4, ambiguous = r.ambiguous + $5, discrepancies = r.discrepancies + $6
where r.run = $1
