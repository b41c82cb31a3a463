-- Writes down an order that took the equipment of service $1 out; nothing where no type of order does.
insert into hubsoft.service_order (id_cliente_servico, id_tipo_ordem_servico, status, status_fechamento, data_termino_executado)
select $1, t.id_tipo_ordem_servico, 'finalizado', 'concluido', now()
from hubsoft.service_order_type t where t.retirada order by t.id_tipo_ordem_servico limit 1
returning id_ordem_servico
