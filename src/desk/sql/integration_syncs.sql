-- The sync of an integration that is under way, and the last one that ended.
select r.run, r.phase, r.begun_at, r.ended_at, r.error
from (
  (select s.* from mapping.sync_run s where s.id_integracao = $1 and s.ended_at is null order by s.begun_at desc limit 1)
  union all
  (select s.* from mapping.sync_run s where s.id_integracao = $1 and s.ended_at is not null order by s.begun_at desc limit 1)
) r
