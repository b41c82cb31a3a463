-- A page of boxes: inserts what is new, rewrites only what differs (rule S2), notes all as seen, counts. Each element is looked
-- up by its key (lateral, limit 1), because statistics lag behind a table that is being filled.
with page as (
  select distinct on (t.external_id) t.*
  from unnest($2::text[], $3::text[], $4::float8[], $5::float8[], $6::bool[], $7::bool[], $8::bool[]) with ordinality
       as t (external_id, nome, latitude, longitude, atendimento, emenda, permite_viabilidade, place)
  order by t.external_id, t.place desc
), known as materialized (
  select p.*, r.id_projeto, e.id_caixa_optica,
         (e.nome, e.latitude, e.longitude, e.atendimento, e.emenda, e.permite_viabilidade, e.missing_since)
           is distinct from (p.nome, p.latitude, p.longitude, p.atendimento, p.emenda, p.permite_viabilidade, null::timestamptz) as differs
  from mapping.sync_run r
  cross join page p
  left join lateral (
    select o.* from mapping.box o where o.id_projeto = r.id_projeto and o.external_id = p.external_id limit 1
  ) e on true
  where r.run = $1
), updated as (
  update mapping.box o
  set nome = k.nome, latitude = k.latitude, longitude = k.longitude, atendimento = k.atendimento, emenda = k.emenda,
      permite_viabilidade = k.permite_viabilidade, missing_since = null
  from known k
  where o.id_caixa_optica = k.id_caixa_optica and k.differs
    and o.id_caixa_optica = any (array(select d.id_caixa_optica from known d where d.differs))
  returning 1
), created as (
  insert into mapping.box (id_projeto, external_id, nome, latitude, longitude, atendimento, emenda, permite_viabilidade)
  select k.id_projeto, k.external_id, k.nome, k.latitude, k.longitude, k.atendimento, k.emenda, k.permite_viabilidade
  from known k where k.id_caixa_optica is null
  on conflict do nothing -- a viability has registered it since (rule V2)
  returning 1
), noted as (
  insert into mapping.sync_seen (run, kind, external_id) select $1, 'box', p.external_id from page p
  on conflict do nothing returning 1
)
insert into mapping.sync_count as c (run, kind, seen, created, updated)
select $1, 'box', (select count(*) from noted), (select count(*) from created), (select count(*) from updated)
on conflict (run, kind) do update
set seen = c.seen + excluded.seen, created = c.created + excluded.created, updated = c.updated + excluded.updated
