-- A service, with whose it is.
select s.id_cliente_servico, s.id_cliente, s.numero_plano, s.descricao, s.status_prefixo, s.data_cancelamento, s.latitude, s.longitude,
       c.codigo_cliente, c.nome_razaosocial, c.cpf_cnpj, c.tipo_pessoa
from hubsoft.customer_service s
left join hubsoft.customer c on c.id_cliente = s.id_cliente
where s.id_cliente_servico = $1
limit 1
