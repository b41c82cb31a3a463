-- Gives customers one service each, leaving those alone that are there: $1 ids of services, $2 of customers, $3 plans.
insert into hubsoft.customer_service (id_cliente_servico, id_cliente, numero_plano, descricao, status_prefixo)
select id, customer, 1, plan, 'servico_habilitado'
from unnest($1::bigint[], $2::bigint[], $3::text[]) as made_up (id, customer, plan)
on conflict do nothing
