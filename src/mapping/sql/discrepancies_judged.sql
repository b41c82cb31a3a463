-- What a sync has found these ports to be, each with the kind of difference that stands there now (null: none). Open rows about
-- anything else have settled themselves, and what people ignored there holds no longer.
with judged as (
  select t.port, t.kind, t.ours, t.theirs from unnest($1::bigint[], $2::text[], $3::jsonb[], $4::jsonb[]) as t (port, kind, ours, theirs)
), lapsed as (
  update mapping.discrepancy d set lapsed_at = enlace.now()
  from judged j
  where d.id_porta_atendimento = j.port and d.settlement = 'ignore' and d.lapsed_at is null
    and (d.kind, d.ours, d.theirs) is distinct from (j.kind, j.ours, j.theirs)
)
update mapping.discrepancy d set settled_at = enlace.now(), settled_by = 'sync'
from judged j
where d.id_porta_atendimento = j.port and d.settled_at is null and d.kind is distinct from j.kind
