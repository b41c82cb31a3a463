-- A page of splitters: inserts what is new, rewrites only what differs (rule S2), notes all as seen, counts. One whose box
-- the project does not have cannot be placed and is skipped. Each is looked up by its key (lateral, limit 1), because
-- statistics lag behind a table that is being filled.
with page as (
  select distinct on (t.external_id) t.*
  from unnest($2::text[], $3::text[], $4::text[], $5::text[]) with ordinality as t (external_id, box_external_id, nome, role, place)
  order by t.external_id, t.place desc
), known as materialized (
  select p.external_id, p.nome, p.role, h.id_caixa_optica, e.id_splitter,
         (e.id_caixa_optica, e.nome, e.role, e.missing_since)
           is distinct from (h.id_caixa_optica, p.nome, p.role, null::timestamptz) as differs
  from mapping.sync_run r
  cross join page p
  cross join lateral (
    select b.id_caixa_optica from mapping.box b where b.id_projeto = r.id_projeto and b.external_id = p.box_external_id limit 1
  ) h
  left join lateral (
    select s.* from mapping.splitter s
    where s.external_id = p.external_id
      and (select b.id_projeto from mapping.box b where b.id_caixa_optica = s.id_caixa_optica) = r.id_projeto
    limit 1
  ) e on true
  where r.run = $1
), updated as (
  update mapping.splitter s set id_caixa_optica = k.id_caixa_optica, nome = k.nome, role = k.role, missing_since = null
  from known k
  where s.id_splitter = k.id_splitter and k.differs
    and s.id_splitter = any (array(select d.id_splitter from known d where d.differs))
  returning 1
), created as (
  insert into mapping.splitter (id_caixa_optica, external_id, nome, role)
  select k.id_caixa_optica, k.external_id, k.nome, k.role from known k where k.id_splitter is null
  on conflict do nothing -- a viability has registered it since (rule V2)
  returning 1
), noted as (
  insert into mapping.sync_seen (run, kind, external_id) select $1, 'splitter', p.external_id from page p
  on conflict do nothing returning 1
)
insert into mapping.sync_count as c (run, kind, seen, created, updated, skipped)
select $1, 'splitter', (select count(*) from noted), (select count(*) from created), (select count(*) from updated),
       (select count(*) from page) - (select count(*) from known)
on conflict (run, kind) do update
set seen = c.seen + excluded.seen, created = c.created + excluded.created, updated = c.updated + excluded.updated,
    skipped = c.skipped + excluded.skipped
