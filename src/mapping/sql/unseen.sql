-- Ports of a sync on which the platform showed nobody, though HubSoft has somebody there, or a difference is known about them
-- (rule S6): at most $3 of those after $2. The pages' numbers become one hash, which is asked for each. Those of elements that
-- are gone upstream are left alone, since the platform said nothing about them.
with known as (
  select p.id_porta_atendimento as port from mapping.port p where p.id_cliente_servico is not null and p.id_porta_atendimento > $2
  union
  select d.id_porta_atendimento from mapping.discrepancy d
  where d.id_porta_atendimento > $2 and (d.settled_at is null or (d.settlement = 'ignore' and d.lapsed_at is null))
), seen as materialized (
  select unnest(o.ports) as port from mapping.sync_occupied o where o.run = $1
)
select p.id_porta_atendimento
from mapping.sync_run r
join mapping.box b on b.id_projeto = r.id_projeto and b.external_id is not null and b.missing_since is null
join mapping.splitter s on s.id_caixa_optica = b.id_caixa_optica and s.external_id is not null and s.missing_since is null
join mapping.port p on p.id_splitter = s.id_splitter and p.missing_since is null
join known k on k.port = p.id_porta_atendimento
where r.run = $1 and r.occupants_at is not null and not exists (select from seen n where n.port = p.id_porta_atendimento)
order by p.id_porta_atendimento
limit $3
