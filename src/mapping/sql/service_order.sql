-- An order with what decides whether it takes equipment out (rule B5); a type that is not there is none that does.
select o.id_ordem_servico, o.id_cliente_servico, o.status, o.status_fechamento, t.descricao, coalesce(t.retirada, false) as retirada
from hubsoft.service_order o
left join hubsoft.service_order_type t on t.id_tipo_ordem_servico = o.id_tipo_ordem_servico
where o.id_ordem_servico = $1
