-- How many elements of a kind the platform says there are.
insert into mapping.sync_count as c (run, kind, total) values ($1, $2, $3)
on conflict (run, kind) do update set total = excluded.total where c.total is distinct from excluded.total
