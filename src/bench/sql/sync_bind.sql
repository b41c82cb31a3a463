-- HubSoft's transaction: its own change of the port, and the bind.
with put as (
  update mapping.port set id_cliente_servico = $2 where id_porta_atendimento = $1 returning id_porta_atendimento as port
)
select enlace.enqueue('bind', jsonb_build_object('id_porta_atendimento', put.port, 'id_cliente_servico', $2::bigint)) from put
