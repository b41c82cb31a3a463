-- The ports of a page's splitters ($2): inserts what is new, rewrites only what differs (rule S2), marks missing those that
-- their splitter no longer has, or that it lost by turning into a distribution splitter (rules S3, S8).
with run as (
  select r.run, r.id_projeto from mapping.sync_run r where r.run = $1
), home as (
  select s.id_splitter, s.id_caixa_optica, s.external_id
  from (select distinct u.external_id from unnest($2::text[]) as u (external_id)) t, run, mapping.splitter s, mapping.box b
  where s.external_id = t.external_id and b.id_caixa_optica = s.id_caixa_optica and b.id_projeto = run.id_projeto
), page as (
  select distinct on (h.id_splitter, t.sequencia) h.id_splitter, h.id_caixa_optica, t.sequencia, t.external_id, t.blocked
  from unnest($3::text[], $4::int[], $5::text[], $6::bool[]) as t (splitter_external_id, sequencia, external_id, blocked)
  join home h on h.external_id = t.splitter_external_id
  order by h.id_splitter, t.sequencia
), updated as (
  update mapping.port o
  set id_caixa_optica = p.id_caixa_optica, external_id = p.external_id, blocked = p.blocked, missing_since = null
  from page p
  where o.id_splitter = p.id_splitter and o.sequencia = p.sequencia
    and (o.id_caixa_optica, o.external_id, o.blocked, o.missing_since)
        is distinct from (p.id_caixa_optica, p.external_id, p.blocked, null::timestamptz)
  returning 1
), created as (
  insert into mapping.port (id_splitter, id_caixa_optica, sequencia, external_id, blocked)
  select p.id_splitter, p.id_caixa_optica, p.sequencia, p.external_id, p.blocked from page p
  where not exists (select from mapping.port o where o.id_splitter = p.id_splitter and o.sequencia = p.sequencia)
  order by p.id_splitter, p.sequencia
  returning 1
), lost as (
  update mapping.port o set missing_since = enlace.now()
  from home h
  where o.id_splitter = h.id_splitter and o.missing_since is null
    and not exists (select from page p where p.id_splitter = o.id_splitter and p.sequencia = o.sequencia)
  returning 1
)
insert into mapping.sync_count as c (run, kind, seen, created, updated, missing)
select run.run, 'port', (select count(*) from page), (select count(*) from created), (select count(*) from updated),
       (select count(*) from lost)
from run
on conflict (run, kind) do update
set seen = c.seen + excluded.seen, created = c.created + excluded.created, updated = c.updated + excluded.updated,
    missing = c.missing + excluded.missing
