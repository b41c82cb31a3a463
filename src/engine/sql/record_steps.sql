-- Appends attempts, if this worker still has its lease: none is written otherwise (G5).
with me as (
  select id from enlace.worker where id = $1 and lease_until > enlace.now() for key share
)
insert into enlace.step (id, n, attempt, state, outcome, next_state, data, error, calls, began_at, ended_at, worker)
select t.*, me.id
from unnest($2::uuid[], $3::int[], $4::smallint[], $5::text[], $6::text[], $7::text[], $8::jsonb[], $9::jsonb[], $10::jsonb[], $11::timestamptz[], $12::timestamptz[])
  as t (id, n, attempt, state, outcome, next_state, data, error, calls, began_at, ended_at)
cross join me
