-- Moves workflows from what is unfinished to what is finished, in the statement that appends their last attempts (record_steps.sql;
-- those of some may have been appended before). What this worker does not hold is refused, and all with it.
, ended as (
  select t.* from unnest($14::uuid[], $15::text[], $16::text[], $17::jsonb[], $18::jsonb[]) as t (id, status, state, result, error)
  cross join me
), gone as (
  delete from enlace.run r using me where r.id = any ($14::uuid[]) and r.worker = me.id returning r.id, r.kind, r.version
)
insert into enlace.finished (id, kind, version, status, state, result, error)
select coalesce(g.id, enlace.not_held(e.id)), g.kind, g.version, e.status, e.state, e.result, e.error
from ended e left join gone g using (id)
