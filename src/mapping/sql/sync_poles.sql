-- A page of poles: inserts what is new, rewrites only what differs (rule S2), notes all as seen, counts.
with run as (
  select r.run, r.id_integracao from mapping.sync_run r where r.run = $1
), page as (
  select distinct on (t.external_id) t.*
  from unnest($2::text[], $3::text[], $4::float8[], $5::float8[]) with ordinality as t (external_id, nome, latitude, longitude, place)
  order by t.external_id, t.place desc
), updated as (
  update mapping.pole e set nome = p.nome, latitude = p.latitude, longitude = p.longitude, missing_since = null
  from page p, run
  where e.id_integracao = run.id_integracao and e.external_id = p.external_id
    and (e.nome, e.latitude, e.longitude, e.missing_since) is distinct from (p.nome, p.latitude, p.longitude, null::timestamptz)
  returning 1
), created as (
  insert into mapping.pole (id_integracao, external_id, nome, latitude, longitude)
  select run.id_integracao, p.external_id, p.nome, p.latitude, p.longitude from page p, run
  where not exists (select from mapping.pole e where e.id_integracao = run.id_integracao and e.external_id = p.external_id)
  returning 1
), noted as (
  insert into mapping.sync_seen (run, kind, external_id) select run.run, 'pole', p.external_id from page p, run
  on conflict do nothing returning 1
)
insert into mapping.sync_count as c (run, kind, seen, created, updated)
select run.run, 'pole', (select count(*) from noted), (select count(*) from created), (select count(*) from updated) from run
on conflict (run, kind) do update
set seen = c.seen + excluded.seen, created = c.created + excluded.created, updated = c.updated + excluded.updated
