-- Enqueues the backlog of the dead upstream, in one transaction.
insert into enlace.outbox (kind, payload)
select 'bench', jsonb_build_object('upstream', 'bench:dead', 'pad', repeat('x', 260)) from generate_series(1, $1) g
