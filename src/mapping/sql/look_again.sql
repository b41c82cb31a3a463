-- Binds services again that were taken off a port, wherever else on the same map HubSoft says that they sit (rule B2). The lock: a
-- change that HubSoft is about to commit there comes before this, and counts, or after this, and its own work follows ours.
with sits as materialized (
  select p.id_porta_atendimento, p.id_cliente_servico, off.workflow
  from unnest($1::bigint[], $2::bigint[], $3::uuid[]) as off (port, service, workflow)
  join mapping.port left_port on left_port.id_porta_atendimento = off.port
  join mapping.box left_box on left_box.id_caixa_optica = left_port.id_caixa_optica
  join mapping.port p on p.id_cliente_servico = off.service and p.id_porta_atendimento <> off.port and p.missing_since is null
  join mapping.box b on b.id_caixa_optica = p.id_caixa_optica and b.id_projeto = left_box.id_projeto
  for share of p
)
select enlace.enqueue(
  'bind',
  jsonb_build_object('id_porta_atendimento', id_porta_atendimento, 'id_cliente_servico', id_cliente_servico),
  requested_by => 'workflow ' || workflow)
from sits
