-- A page of splitters: inserts what is new, rewrites only what differs (rule S2), notes all as seen, counts. One whose box
-- the project does not have cannot be placed and is skipped.
with run as (
  select r.run, r.id_projeto from mapping.sync_run r where r.run = $1
), page as (
  select distinct on (t.external_id) t.*
  from unnest($2::text[], $3::text[], $4::text[], $5::text[]) with ordinality as t (external_id, box_external_id, nome, role, place)
  order by t.external_id, t.place desc
), placed as (
  select p.external_id, p.nome, p.role, b.id_caixa_optica
  from page p, run, mapping.box b
  where b.id_projeto = run.id_projeto and b.external_id = p.box_external_id
), known as (
  select s.id_splitter, s.external_id
  from page p, run, mapping.splitter s, mapping.box b
  where s.external_id = p.external_id and b.id_caixa_optica = s.id_caixa_optica and b.id_projeto = run.id_projeto
), updated as (
  update mapping.splitter s set id_caixa_optica = p.id_caixa_optica, nome = p.nome, role = p.role, missing_since = null
  from placed p join known k on k.external_id = p.external_id
  where s.id_splitter = k.id_splitter
    and (s.id_caixa_optica, s.nome, s.role, s.missing_since) is distinct from (p.id_caixa_optica, p.nome, p.role, null::timestamptz)
  returning 1
), created as (
  insert into mapping.splitter (id_caixa_optica, external_id, nome, role)
  select p.id_caixa_optica, p.external_id, p.nome, p.role from placed p
  where not exists (select from known k where k.external_id = p.external_id)
  returning 1
), noted as (
  insert into mapping.sync_seen (run, kind, external_id) select run.run, 'splitter', p.external_id from page p, run
  on conflict do nothing returning 1
)
insert into mapping.sync_count as c (run, kind, seen, created, updated, skipped)
select run.run, 'splitter', (select count(*) from noted), (select count(*) from created), (select count(*) from updated),
       (select count(*) from page) - (select count(*) from placed)
from run
on conflict (run, kind) do update
set seen = c.seen + excluded.seen, created = c.created + excluded.created, updated = c.updated + excluded.updated,
    skipped = c.skipped + excluded.skipped
