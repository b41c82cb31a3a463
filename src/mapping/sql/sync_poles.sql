-- A page of poles: inserts what is new, rewrites only what differs (rule S2), notes all as seen, counts. Each element is looked
-- up by its key (lateral, limit 1), because statistics lag behind a table that is being filled.
with page as (
  select distinct on (t.external_id) t.*
  from unnest($2::text[], $3::text[], $4::float8[], $5::float8[]) with ordinality
       as t (external_id, nome, latitude, longitude, place)
  order by t.external_id, t.place desc
), known as materialized (
  select p.*, r.id_integracao, e.id_poste,
         (e.nome, e.latitude, e.longitude, e.missing_since)
           is distinct from (p.nome, p.latitude, p.longitude, null::timestamptz) as differs
  from mapping.sync_run r
  cross join page p
  left join lateral (
    select o.* from mapping.pole o where o.id_integracao = r.id_integracao and o.external_id = p.external_id limit 1
  ) e on true
  where r.run = $1
), updated as (
  update mapping.pole o set nome = k.nome, latitude = k.latitude, longitude = k.longitude, missing_since = null
  from known k
  where o.id_poste = k.id_poste and k.differs
    and o.id_poste = any (array(select d.id_poste from known d where d.differs))
  returning 1
), created as (
  insert into mapping.pole (id_integracao, external_id, nome, latitude, longitude)
  select k.id_integracao, k.external_id, k.nome, k.latitude, k.longitude from known k where k.id_poste is null
  returning 1
), noted as (
  insert into mapping.sync_seen (run, kind, external_id) select $1, 'pole', p.external_id from page p
  on conflict do nothing returning 1
)
insert into mapping.sync_count as c (run, kind, seen, created, updated)
select $1, 'pole', (select count(*) from noted), (select count(*) from created), (select count(*) from updated)
on conflict (run, kind) do update
set seen = c.seen + excluded.seen, created = c.created + excluded.created, updated = c.updated + excluded.updated
