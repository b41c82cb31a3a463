-- Ports with where they are and what both sides say: the one of id $1, those of service $2, or those of box $3; at most $4, in order.
select p.id_porta_atendimento, p.sequencia + 1 as numero_porta, p.id_splitter, s.nome as splitter, s.role, p.id_caixa_optica,
       b.nome as caixa, j.id_projeto, j.nome as projeto, i.id_integracao, i.name as integration_name, i.platform, i.active,
       p.external_id, p.blocked, least(p.missing_since, s.missing_since, b.missing_since) as missing_since, p.id_cliente_servico,
       (select c.nome_razaosocial from hubsoft.customer_service v join hubsoft.customer c using (id_cliente)
        where v.id_cliente_servico = p.id_cliente_servico limit 1) as cliente,
       p.reservado, p.reserved_by, p.observacao, p.transmission, p.transmission_error, p.transmission_external_id,
       p.data_tentativa_transmissao, j.data_sincronizacao_completa as synced_at,
       exists (select from mapping.discrepancy d where d.id_porta_atendimento = p.id_porta_atendimento and d.settled_at is null) as differs
from mapping.port p
join mapping.splitter s on s.id_splitter = p.id_splitter
join mapping.box b on b.id_caixa_optica = p.id_caixa_optica
join mapping.project j on j.id_projeto = b.id_projeto
left join mapping.integration i on i.id_integracao = j.id_integracao_mapeamento
where ($1::bigint is null or p.id_porta_atendimento = $1) and ($2::bigint is null or p.id_cliente_servico = $2)
  and ($3::bigint is null
    or p.id_splitter = any (array(select o.id_splitter from mapping.splitter o where o.id_caixa_optica = $3)))
order by p.id_splitter, p.sequencia
limit $4
