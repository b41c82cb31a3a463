-- Notes what HubSoft and the platform differ on: one open row per port and kind, none where a person chose to ignore
-- just this difference, and it has been so ever since (rule S6), also where of what each side said only the digest is left
-- (rule P2). Answers how many are open now.
with found as (
  select distinct on (t.port, t.kind) t.port, t.kind, t.ours, t.theirs, t.service
  from unnest($1::bigint[], $2::text[], $3::jsonb[], $4::jsonb[], $5::bigint[]) with ordinality
       as t (port, kind, ours, theirs, service, place)
  where exists (select from mapping.port p where p.id_porta_atendimento = t.port)
    and not exists (
      select from mapping.discrepancy d
      where d.id_porta_atendimento = t.port and d.kind = t.kind and d.settlement = 'ignore' and d.lapsed_at is null
        and d.ours in (t.ours, mapping.digest(t.ours)) and d.theirs in (t.theirs, mapping.digest(t.theirs)))
  order by t.port, t.kind, t.place desc
), changed as (
  update mapping.discrepancy d set ours = f.ours, theirs = f.theirs, theirs_service = f.service
  from found f
  where d.id_porta_atendimento = f.port and d.kind = f.kind and d.settled_at is null
    and (d.ours, d.theirs, d.theirs_service) is distinct from (f.ours, f.theirs, f.service)
), opened as (
  insert into mapping.discrepancy (id_porta_atendimento, kind, ours, theirs, theirs_service, since)
  select f.port, f.kind, f.ours, f.theirs, f.service, enlace.now() from found f
  where not exists (
    select from mapping.discrepancy d where d.id_porta_atendimento = f.port and d.kind = f.kind and d.settled_at is null)
  on conflict (id_porta_atendimento, kind) where settled_at is null do nothing
)
select count(*) from found
