-- Asks for a sync.
select enlace.enqueue('sync', jsonb_build_object('id_integracao', $1::bigint))
