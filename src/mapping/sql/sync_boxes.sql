-- A page of boxes: inserts what is new, rewrites only what differs (rule S2), notes all as seen, counts.
with run as (
  select r.run, r.id_projeto from mapping.sync_run r where r.run = $1
), page as (
  select distinct on (t.external_id) t.*
  from unnest($2::text[], $3::text[], $4::float8[], $5::float8[], $6::bool[], $7::bool[], $8::bool[]) with ordinality
       as t (external_id, nome, latitude, longitude, atendimento, emenda, permite_viabilidade, place)
  order by t.external_id, t.place desc
), updated as (
  update mapping.box b
  set nome = p.nome, latitude = p.latitude, longitude = p.longitude, atendimento = p.atendimento, emenda = p.emenda,
      permite_viabilidade = p.permite_viabilidade, missing_since = null
  from page p, run
  where b.id_projeto = run.id_projeto and b.external_id = p.external_id
    and (b.nome, b.latitude, b.longitude, b.atendimento, b.emenda, b.permite_viabilidade, b.missing_since)
        is distinct from (p.nome, p.latitude, p.longitude, p.atendimento, p.emenda, p.permite_viabilidade, null::timestamptz)
  returning 1
), created as (
  insert into mapping.box (id_projeto, external_id, nome, latitude, longitude, atendimento, emenda, permite_viabilidade)
  select run.id_projeto, p.external_id, p.nome, p.latitude, p.longitude, p.atendimento, p.emenda, p.permite_viabilidade
  from page p, run
  where not exists (select from mapping.box b where b.id_projeto = run.id_projeto and b.external_id = p.external_id)
  returning 1
), noted as (
  insert into mapping.sync_seen (run, kind, external_id) select run.run, 'box', p.external_id from page p, run
  on conflict do nothing returning 1
)
insert into mapping.sync_count as c (run, kind, seen, created, updated)
select run.run, 'box', (select count(*) from noted), (select count(*) from created), (select count(*) from updated) from run
on conflict (run, kind) do update
set seen = c.seen + excluded.seen, created = c.created + excluded.created, updated = c.updated + excluded.updated
