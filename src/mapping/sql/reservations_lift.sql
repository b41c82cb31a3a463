-- Reservations that a sync made are lifted where this one found the port free (rule S7); a person's are not touched, nor
-- those of ports that are gone upstream, about which the platform said nothing.
update mapping.port p set reservado = false, reserved_by = null, observacao = null
from mapping.sync_run r, mapping.box b, mapping.splitter s
where r.run = $1 and r.saw_occupants
  and b.id_projeto = r.id_projeto and b.missing_since is null
  and s.id_caixa_optica = b.id_caixa_optica and s.missing_since is null and s.external_id is not null
  and p.id_splitter = s.id_splitter and p.reserved_by = 'sync' and p.missing_since is null
  and not exists (
    select from mapping.sync_seen n
    where n.run = $1 and n.kind = 'reservation' and n.external_id = p.id_porta_atendimento::text)
