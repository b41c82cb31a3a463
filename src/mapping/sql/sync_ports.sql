-- The ports of a page's splitters ($2): inserts what is new, rewrites only what differs (rule S2), marks missing those that
-- their splitter no longer has, or that it lost by turning into a distribution splitter (rules S3, S8). Each port is looked
-- up by its splitter (lateral, offset 0), because statistics lag behind a table that is being filled.
with home as materialized (
  select h.id_splitter, h.id_caixa_optica, u.external_id
  from mapping.sync_run r
  cross join (select distinct t.external_id from unnest($2::text[]) as t (external_id)) u
  cross join lateral (
    select s.id_splitter, s.id_caixa_optica from mapping.splitter s
    where s.external_id = u.external_id
      and (select b.id_projeto from mapping.box b where b.id_caixa_optica = s.id_caixa_optica) = r.id_projeto
    limit 1
  ) h
  where r.run = $1
), page as materialized (
  select distinct on (h.id_splitter, t.sequencia) h.id_splitter, h.id_caixa_optica, t.sequencia, t.external_id, t.blocked
  from unnest($3::text[], $4::int[], $5::text[], $6::bool[]) as t (splitter_external_id, sequencia, external_id, blocked)
  join home h on h.external_id = t.splitter_external_id
  order by h.id_splitter, t.sequencia
), stored as materialized (
  select e.* from home h
  cross join lateral (
    select o.id_porta_atendimento, o.id_splitter, o.sequencia, o.id_caixa_optica, o.external_id, o.blocked, o.missing_since
    from mapping.port o where o.id_splitter = h.id_splitter offset 0
  ) e
), known as materialized (
  select p.*, e.id_porta_atendimento,
         (e.id_caixa_optica, e.external_id, e.blocked, e.missing_since)
           is distinct from (p.id_caixa_optica, p.external_id, p.blocked, null::timestamptz) as differs
  from page p left join stored e on e.id_splitter = p.id_splitter and e.sequencia = p.sequencia
), updated as (
  update mapping.port o
  set id_caixa_optica = k.id_caixa_optica, external_id = k.external_id, blocked = k.blocked, missing_since = null
  from known k
  where o.id_porta_atendimento = k.id_porta_atendimento and k.differs
    and o.id_porta_atendimento = any (array(select d.id_porta_atendimento from known d where d.differs))
  returning 1
), created as (
  insert into mapping.port (id_splitter, id_caixa_optica, sequencia, external_id, blocked)
  select k.id_splitter, k.id_caixa_optica, k.sequencia, k.external_id, k.blocked from known k
  where k.id_porta_atendimento is null
  order by k.id_splitter, k.sequencia
  on conflict do nothing -- a viability has registered it since (rule V2)
  returning 1
), lost as (
  update mapping.port o set missing_since = enlace.now()
  where o.missing_since is null and o.id_porta_atendimento = any (array(
    select e.id_porta_atendimento from stored e
    left join page p on p.id_splitter = e.id_splitter and p.sequencia = e.sequencia
    where p.id_splitter is null and e.missing_since is null))
  returning 1
)
insert into mapping.sync_count as c (run, kind, seen, created, updated, missing)
select $1, 'port', (select count(*) from page), (select count(*) from created), (select count(*) from updated),
       (select count(*) from lost)
on conflict (run, kind) do update
set seen = c.seen + excluded.seen, created = c.created + excluded.created, updated = c.updated + excluded.updated,
    missing = c.missing + excluded.missing
