-- The ports other than $2 on which HubSoft says this service sits (rule B9).
select p.id_porta_atendimento from mapping.port p
where p.id_cliente_servico = $1 and p.id_porta_atendimento <> $2
order by p.id_porta_atendimento
