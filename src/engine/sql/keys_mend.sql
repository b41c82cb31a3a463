-- Mends runs that are said to wait for more keys than somebody else is ahead on. A transaction that ended the one ahead sees, where it is
-- serialisable, what was there when it began: not a follower that an intake at another level of isolation added meanwhile,
-- which nobody would tell any more (G4). What is counted here only ever falls while a run keeps its place, so that it is never less
-- than it should be.
with counted as (
  select r.id, r.position, count(*) filter (where exists (
           select from enlace.run_key ahead where ahead.key = own.key and ahead.position < own.position))::smallint as ahead
  from enlace.run r join enlace.run_key own on own.position = r.position
  where r.blockers > 0
  group by r.id, r.position
), locked as (
  select r.id from enlace.run r join counted c using (id) where r.blockers > c.ahead order by r.id for update of r
)
update enlace.run r set blockers = c.ahead, since = enlace.now(), due_at = greatest(r.due_at, enlace.now())
from counted c join locked using (id) where r.id = c.id and r.position = c.position and r.blockers > c.ahead
