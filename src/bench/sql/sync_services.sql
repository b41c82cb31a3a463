-- Customers whom the platform does not know yet, for binds.
with customer as (
  insert into hubsoft.customer (id_cliente, nome_razaosocial) select 5000000 + g, 'Cliente ' || g from generate_series(1, 50000) g
)
insert into hubsoft.customer_service (id_cliente_servico, id_cliente, status_prefixo)
select 5000000 + g, 5000000 + g, 'servico_habilitado' from generate_series(1, 50000) g
