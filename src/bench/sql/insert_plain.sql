-- The same row into an equal table.
insert into plain (kind, payload) values ('bind', jsonb_build_object('id_porta_atendimento', $1::bigint, 'id_cliente_servico', $2::bigint)) returning id
