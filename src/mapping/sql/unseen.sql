-- Ports of a sync on which the platform showed nobody, though HubSoft has somebody there, or a difference is known about them
-- (rule S6): at most $3 of those after $2. What was seen is taken away as a set, and never joined: a join that is planned while the
-- tables are being filled asks all that was seen again for each port. Those of elements that are gone upstream are left alone,
-- since the platform said nothing about them.
(
  select p.id_porta_atendimento
  from mapping.sync_run r
  join mapping.box b on b.id_projeto = r.id_projeto and b.external_id is not null and b.missing_since is null
  join mapping.splitter s on s.id_caixa_optica = b.id_caixa_optica and s.external_id is not null and s.missing_since is null
  join mapping.port p on p.id_splitter = s.id_splitter and p.missing_since is null
  where r.run = $1 and r.occupants_at is not null and p.id_cliente_servico is not null and p.id_porta_atendimento > $2
  union all
  select p.id_porta_atendimento
  from mapping.sync_run r
  join mapping.discrepancy d on d.settled_at is null or (d.settlement = 'ignore' and d.lapsed_at is null)
  join mapping.port p on p.id_porta_atendimento = d.id_porta_atendimento and p.missing_since is null
  join mapping.splitter s on s.id_splitter = p.id_splitter and s.external_id is not null and s.missing_since is null
  join mapping.box b on b.id_caixa_optica = s.id_caixa_optica and b.external_id is not null and b.missing_since is null
  where r.run = $1 and r.occupants_at is not null and b.id_projeto = r.id_projeto and p.id_porta_atendimento > $2
)
except select unnest(o.ports) from mapping.sync_occupied o where o.run = $1
order by 1
limit $3
