-- The first service from $1 up that is not cancelled and sits on no port.
select c.id_cliente_servico
from hubsoft.customer_service c
where c.id_cliente_servico >= $1
  and c.data_cancelamento is null
  and not exists (select from mapping.port p where p.id_cliente_servico = c.id_cliente_servico)
order by c.id_cliente_servico
limit 1
