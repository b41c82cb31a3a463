-- Makes sure that upstreams have a row, so that what waits for them is found.
insert into enlace.upstream (id) select distinct t.id from unnest($1::text[]) as t (id) on conflict do nothing
