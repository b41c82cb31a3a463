-- Appends attempts, if this worker still has its lease: none is written otherwise (G5). One whose workflow may not be held any
-- more since that time is refused unless it is, and all of the statement with it. One that was written before, and whose answer
-- was lost, runs into its own row, or is refused because its workflow has ended. record_alone.sql or record_ends.sql goes on.
with me as (
  select id from enlace.worker where id = $1 and lease_until > enlace.now() for key share
), steps as (
  insert into enlace.step (id, n, attempt, state, outcome, next_state, data, error, calls, began_at, ended_at, worker)
  select t.id, t.n, t.attempt, t.state, t.outcome, t.next_state, t.data, t.error, t.calls, t.began_at, t.ended_at, me.id
  from unnest($2::uuid[], $3::int[], $4::smallint[], $5::text[], $6::text[], $7::text[], $8::jsonb[], $9::jsonb[], $10::jsonb[], $11::timestamptz[], $12::timestamptz[],
              $13::timestamptz[])
    as t (id, n, attempt, state, outcome, next_state, data, error, calls, began_at, ended_at, afloat)
  cross join me
  where case
    when t.afloat is null then true
    when exists (select from enlace.run r where r.id = t.id and r.worker = me.id and r.since = t.afloat) then true
    else enlace.not_held(t.id) is null
  end
)
