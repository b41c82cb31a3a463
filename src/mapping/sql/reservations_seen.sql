-- Ports whose reservation by a sync still holds: not to be lifted at the end of this one (rule S7).
insert into mapping.sync_seen (run, kind, external_id)
select $1, 'reservation', t.port::text from unnest($2::bigint[]) as t (port)
on conflict do nothing
