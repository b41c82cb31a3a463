-- Notes what a token started. An id that somebody else chose before ($3) started nothing and opens nothing; whoever joins a
-- running sync did ask for it.
insert into enlace.token_started (token, id)
select $1, o.id from enlace.outbox o where o.id = $2 and ($3::text is null or o.xid = pg_current_xact_id())
on conflict do nothing
