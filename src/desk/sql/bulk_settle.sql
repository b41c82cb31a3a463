-- Begins to settle many differences, of those that there are by now, and writes it down in the audit under the same id.
with begun as (
  insert into enlace.bulk_act (action, argument, filter, person, reason, pace, total, cursor)
  select $1, $2, $3, $4, $5, $6, $7, coalesce((select max(d.id) from mapping.discrepancy d), 0) + 1
  returning id, action, argument, filter, person, reason, pace, total, done, skipped, failed, status, created_at, ended_at, cursor
), noted as (
  insert into enlace.act (id, act, person, reason, before, after, bulk)
  select b.id, 'bulk.' || b.action, b.person, b.reason, jsonb_build_object('filter', b.filter),
         jsonb_build_object('total', b.total, 'pace', b.pace), b.id
  from begun b
)
select * from begun
