-- Claims what may go on, as claim.sql does, by an update that holds only for what is still to be had: of two workers that see
-- the same rows, the second waits for the first and then finds them taken, or is told to run again. The guard is written so
-- that the planner does not begin with the index that it resembles, and walk over all that is dead in it (G14).
with ready as (
  select r.id
  from unnest($4::timestamptz[]) with ordinality as l (since, lane)
  cross join lateral (
    select r.id from enlace.run r
    where r.lane = (l.lane - 1)::smallint and r.worker is null and r.blockers = 0 and r.status in ('queued', 'waiting')
      and r.due_at >= l.since and r.due_at <= (select enlace.now()) and coalesce(r.form, r.version) <= ($3::jsonb ->> r.kind)::int
    order by r.due_at limit $2
  ) r
  limit $2
), me as (
  select id from enlace.worker where id = $1 and lease_until > enlace.now() and exists (select from ready) for key share
), claimed as (
  update enlace.run r
  set worker = me.id, status = 'queued', upstream = null, error = null, since = enlace.now(),
      form = nullif(($3::jsonb ->> r.kind)::int, r.version)
  from me
  where r.id = any (array(select ready.id from ready))
    and (r.worker is null and r.blockers = 0 and r.status in ('queued', 'waiting')) is true
  returning r.id, r.lane, r.due_at, r.position, r.kind, r.version, r.state, r.interrupted_by, r.failures, r.failed_state, r.moves, r.asked, r.since
)
