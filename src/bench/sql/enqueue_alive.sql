-- Enqueues one workflow of the upstream that answers.
select enlace.enqueue('bench', jsonb_build_object('upstream', 'bench:alive', 'pad', repeat('x', 260)))
