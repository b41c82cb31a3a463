-- A customer's service, as far as it is sent to a platform (rule B2).
select s.id_cliente_servico, c.nome_razaosocial, c.cpf_cnpj, s.latitude, s.longitude
from hubsoft.customer_service s
join hubsoft.customer c on c.id_cliente = s.id_cliente
where s.id_cliente_servico = $1
