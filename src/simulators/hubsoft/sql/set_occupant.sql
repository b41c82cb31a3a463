-- HubSoft's own change: service $2 (or nobody) sits on port $1 from now on.
update mapping.port set id_cliente_servico = $2 where id_porta_atendimento = $1
