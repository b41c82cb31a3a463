-- A page of cables: inserts what is new, rewrites only what differs (rule S2), notes all as seen, counts.
with run as (
  select r.run, r.id_projeto from mapping.sync_run r where r.run = $1
), page as (
  select distinct on (t.external_id) t.*
  from unnest($2::text[], $3::text[], $4::jsonb[]) with ordinality as t (external_id, nome, path, place)
  order by t.external_id, t.place desc
), updated as (
  update mapping.cable e set nome = p.nome, path = p.path, missing_since = null
  from page p, run
  where e.id_projeto = run.id_projeto and e.external_id = p.external_id
    and (e.nome, e.path, e.missing_since) is distinct from (p.nome, p.path, null::timestamptz)
  returning 1
), created as (
  insert into mapping.cable (id_projeto, external_id, nome, path)
  select run.id_projeto, p.external_id, p.nome, p.path from page p, run
  where not exists (select from mapping.cable e where e.id_projeto = run.id_projeto and e.external_id = p.external_id)
  returning 1
), noted as (
  insert into mapping.sync_seen (run, kind, external_id) select run.run, 'cable', p.external_id from page p, run
  on conflict do nothing returning 1
)
insert into mapping.sync_count as c (run, kind, seen, created, updated)
select run.run, 'cable', (select count(*) from noted), (select count(*) from created), (select count(*) from updated) from run
on conflict (run, kind) do update
set seen = c.seen + excluded.seen, created = c.created + excluded.created, updated = c.updated + excluded.updated
