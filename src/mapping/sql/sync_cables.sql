-- A page of cables: inserts what is new, rewrites only what differs (rule S2), notes all as seen, counts. Each element is looked
-- up by its key (lateral, limit 1), because statistics lag behind a table that is being filled.
with page as (
  select distinct on (t.external_id) t.*
  from unnest($2::text[], $3::text[], $4::jsonb[]) with ordinality
       as t (external_id, nome, path, place)
  order by t.external_id, t.place desc
), known as materialized (
  select p.*, r.id_projeto, e.id_cabo,
         (e.nome, e.path, e.missing_since)
           is distinct from (p.nome, p.path, null::timestamptz) as differs
  from mapping.sync_run r
  cross join page p
  left join lateral (
    select o.* from mapping.cable o where o.id_projeto = r.id_projeto and o.external_id = p.external_id limit 1
  ) e on true
  where r.run = $1
), updated as (
  update mapping.cable o set nome = k.nome, path = k.path, missing_since = null
  from known k
  where o.id_cabo = k.id_cabo and k.differs
    and o.id_cabo = any (array(select d.id_cabo from known d where d.differs))
  returning 1
), created as (
  insert into mapping.cable (id_projeto, external_id, nome, path)
  select k.id_projeto, k.external_id, k.nome, k.path from known k where k.id_cabo is null
  returning 1
), noted as (
  insert into mapping.sync_seen (run, kind, external_id) select $1, 'cable', p.external_id from page p
  on conflict do nothing returning 1
)
insert into mapping.sync_count as c (run, kind, seen, created, updated)
select $1, 'cable', (select count(*) from noted), (select count(*) from created), (select count(*) from updated)
on conflict (run, kind) do update
set seen = c.seen + excluded.seen, created = c.created + excluded.created, updated = c.updated + excluded.updated
