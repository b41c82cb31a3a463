-- The lowest and the highest service: where to draw from.
select coalesce(min(id_cliente_servico), 0), coalesce(max(id_cliente_servico), 0) from hubsoft.customer_service
