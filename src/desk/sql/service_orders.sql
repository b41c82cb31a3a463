-- The orders of a service, newest first, with what the ISP calls their type.
select o.id_ordem_servico, t.descricao as tipo, coalesce(t.retirada, false) as retirada, o.status, o.status_fechamento,
       o.data_termino_executado
from hubsoft.service_order o
left join hubsoft.service_order_type t on t.id_tipo_ordem_servico = o.id_tipo_ordem_servico
where o.id_cliente_servico = $1
order by o.id_ordem_servico desc
limit $2
