-- Writes down that somebody looked at personal data in full; once, however often they look at the same within ten minutes.
insert into enlace.act (run_id, act, person, reason, before)
select $1::uuid, $2::text, $3::text, $4::text, $5::jsonb
where not exists (
  select from enlace.act a
  where a.act = 'looked' and a.person = $3 and a.at > enlace.now() - interval '10 minutes' and a.before = $5)
