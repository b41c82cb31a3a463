-- On which ports a page saw somebody: what is on no page is free on the platform (rule S6).
insert into mapping.sync_occupied (run, ports) select $1, $2::bigint[] where cardinality($2::bigint[]) > 0
