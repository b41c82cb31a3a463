-- Begins to resume, under a lease (G5). Where places among the keys are taken ($2), an empty intake is appended to the log: no
-- other can be under way then, which would not see those places and let somebody pass (G4).
with me as (
  select id from enlace.worker where id = $1 and lease_until > enlace.now() for key share
), log as (
  insert into enlace.intake (id, upto, gaps, gap_xids)
  select l.id + 1, l.upto, l.gaps, l.gap_xids
  from me cross join (select * from enlace.intake order by id desc limit 1) l where $2
)
select exists (select from me)
