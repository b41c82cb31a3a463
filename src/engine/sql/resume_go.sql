-- Lets runs go on that this build can decode, and claims at once what may run now, so that no older build gets it in between.
-- One stays parked as long as somebody behind it, who got ahead while nobody could tell its keys, is in a worker's hands.
with back as (
  select t.*, r.position, r.version as was
  from unnest($2::uuid[], $3::int[], $4::smallint[], $5::text[]) as t (id, version, lane, state) join enlace.run r using (id)
), placed as (
  select b.id,
         count(*) filter (where exists (select from enlace.run_key e where e.key = k.key and e.position < k.position))::smallint as ahead,
         coalesce(bool_or(exists (
           select from enlace.run_key l join enlace.run o on o.id = l.id
           where l.key = k.key and l.position > k.position and (o.worker is not null or o.id = any ($6::uuid[]))
         )), false) as overtaken
  from back b left join enlace.run_key k on k.position = b.position group by b.id
)
update enlace.run r
set status = 'queued', parked = null, error = null, blockers = p.ahead, since = enlace.now(),
    -- Version 0: nobody knew the kind, so that it begins only now.
    version = case b.was when 0 then b.version else b.was end, form = nullif(b.version, case b.was when 0 then b.version else b.was end),
    lane = case b.was when 0 then b.lane else r.lane end, state = case b.was when 0 then b.state else r.state end,
    due_at = case when r.due_at < 'infinity' then r.due_at else enlace.now() end,
    worker = case when p.ahead = 0 and (r.due_at <= enlace.now() or r.due_at = 'infinity') then $1::uuid end
from back b join placed p using (id)
where r.id = b.id and not p.overtaken
returning r.id, r.worker is not null as claimed
