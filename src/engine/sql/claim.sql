-- Claims what may go on, most urgent lane first; claimed.sql goes on. Rows that another worker is claiming are
-- passed over; order within a key does not depend on it, because followers of a head are not ready (G4). So are kinds and
-- versions that this build does not know; what it claims of an older version is closed to builds of that version (G10). Each
-- lane is read from where it may hold something ($4; G14). Where nothing is, nothing is locked, and nothing is to be written
-- at the end: a look costs no wait for the disk. What is ready is named in an array: joined, the planner may begin with `run`,
-- which it takes for empty, and walk over all that is dead in it (G14).
with ready as (
  select r.id
  from unnest($4::timestamptz[]) with ordinality as l (since, lane)
  cross join lateral (
    select r.id from enlace.run r
    where r.lane = (l.lane - 1)::smallint and r.worker is null and r.blockers = 0 and r.status in ('queued', 'waiting')
      and r.due_at >= l.since and r.due_at <= (select enlace.now()) and coalesce(r.form, r.version) <= ($3::jsonb ->> r.kind)::int
    order by r.due_at limit $2 for update skip locked
  ) r
  limit $2
), me as (
  select id from enlace.worker where id = $1 and lease_until > enlace.now() and exists (select from ready) for key share
), claimed as (
  update enlace.run r
  set worker = me.id, status = 'queued', upstream = null, error = null, since = enlace.now(),
      form = nullif(($3::jsonb ->> r.kind)::int, r.version)
  from me where r.id = any (array(select ready.id from ready))
  returning r.id, r.lane, r.due_at, r.position, r.kind, r.version, r.state, r.interrupted_by, r.failures, r.failed_state, r.moves, r.asked, r.since
)
