-- HubSoft's own change.
update hubsoft_port set id_cliente_servico = $2 where id = $1
