-- Pauses an act on many, lets it go on, or calls it off; and writes that down.
with noted as (
  insert into enlace.act (act, person, reason, before, after, bulk)
  select 'bulk.' || $3::text, $4::text, $5::text, jsonb_build_object('status', b.status), jsonb_build_object('status', $2::text), b.id
  from enlace.bulk_act b where b.id = $1
)
update enlace.bulk_act
set status = $2, next_at = enlace.now(), ended_at = case when $2 = 'cancelled' then enlace.now() end
where id = $1
returning id, action, argument, filter, person, reason, pace, total, done, skipped, failed, status, created_at, ended_at, cursor
