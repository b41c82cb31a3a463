-- Moves workflows from what is unfinished to what is finished.
with ended as (
  select * from unnest($2::uuid[], $3::text[], $4::text[], $5::jsonb[], $6::jsonb[]) as t (id, status, state, result, error)
), gone as (
  delete from enlace.run r using ended e where r.id = e.id and r.worker = $1 returning r.id, r.kind, r.version
)
insert into enlace.finished (id, kind, version, status, state, result, error)
select g.id, g.kind, g.version, e.status, e.state, e.result, e.error from gone g join ended e using (id)
