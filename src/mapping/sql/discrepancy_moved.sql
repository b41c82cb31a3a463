-- Of these ports, those on which the platform is known to show nobody where HubSoft has this service: the other half of its move.
select d.id, d.id_porta_atendimento from mapping.discrepancy d
where d.id_porta_atendimento = any ($1) and d.kind = 'not_on_platform' and d.settled_at is null
  and d.ours -> 'id_cliente_servico' = to_jsonb($2::bigint)
order by d.id_porta_atendimento
for update of d
