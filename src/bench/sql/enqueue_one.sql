-- Enqueues one workflow with a payload of about 300 bytes.
select enlace.enqueue('bench', jsonb_build_object('order', 1, 'pad', repeat('x', 260)))
