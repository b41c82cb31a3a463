-- HubSoft's enqueueing, payload checked.
select enlace.enqueue('bind', jsonb_build_object('id_porta_atendimento', $1::bigint, 'id_cliente_servico', $2::bigint))
