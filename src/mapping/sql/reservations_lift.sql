-- Reservations that a sync made are lifted where this one found the port free (rule S7); a person's are not touched, nor
-- those of ports that are gone upstream, about which the platform said nothing. The few reservations there are come first;
-- the rest is looked up for each.
update mapping.port p set reservado = false, reserved_by = null, observacao = null
where p.id_porta_atendimento = any (array(
  select o.id_porta_atendimento from mapping.sync_run r
  cross join mapping.port o
  cross join lateral (
    select from mapping.splitter s join mapping.box b on b.id_caixa_optica = s.id_caixa_optica
    where s.id_splitter = o.id_splitter and b.id_projeto = r.id_projeto and s.external_id is not null
      and s.missing_since is null and b.missing_since is null
    limit 1
  ) here
  left join lateral (
    select n.run from mapping.sync_seen n
    where n.run = $1 and n.kind = 'reservation' and n.external_id = o.id_porta_atendimento::text
    limit 1
  ) held on true
  where r.run = $1 and r.saw_occupants and o.reserved_by = 'sync' and o.missing_since is null and held.run is null))
  and p.reserved_by = 'sync'
