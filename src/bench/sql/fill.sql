-- Enqueues workflows whose payload is about 300 bytes, in one transaction.
insert into enlace.outbox (kind, payload) select 'bench', jsonb_build_object('order', g, 'pad', repeat('x', 260)) from generate_series(1, $1) g
