-- Takes rows in: appends to the intake's log (which only one worker can do), makes their runs and keys, and claims at once
-- those that may start. `blocked` locks the last holder of each key, so that its end cannot slip between (G4). A gap that is
-- new is noticed by this transaction: whoever may still fill it has a lower id than this one. Nothing is due before it is here:
-- whoever looked for what is due need not look there again. The disk is waited for only where $20 says so.
with me as (
  select id from enlace.worker
  where id = $1 and lease_until > enlace.now()
    and set_config('synchronous_commit', case when $20 then current_setting('synchronous_commit') else 'off' end, true) <> ''
  for key share
), log as (
  insert into enlace.intake (id, upto, gaps, gap_xids) select $2, $3, $4, (select coalesce(array_agg(coalesce(g.xid, pg_current_xact_id()::text::bigint) order by g.n), '{}')
                           from unnest($5::bigint[]) with ordinality g (xid, n))
  from me returning id
), wanted as (
  select * from unnest($6::uuid[], $7::bigint[], $8::text[], $9::int[], $10::smallint[], $11::text[], $12::timestamptz[], $13::text[], $14::jsonb[], $15::boolean[])
    as t (id, position, kind, version, lane, state, due_at, parked, error, claim)
), keys as (
  select * from unnest($16::uuid[], $17::text[], $18::bigint[], $19::boolean[]) as t (id, key, position, behind)
), blocked as (
  select k.id, count(*) as blockers
  from keys k
  left join lateral (
    select true as there from enlace.run_key t where t.key = k.key order by t.position desc limit 1 for key share
  ) tail on true
  where k.behind or tail.there
  group by k.id
), added as (
  insert into enlace.run (id, position, kind, version, lane, status, state, blockers, due_at, worker, parked, error)
  select w.id, w.position, w.kind, w.version, w.lane, case when w.parked is null then 'queued' else 'parked' end, w.state,
         coalesce(b.blockers, 0), greatest(w.due_at, (select enlace.now())),
         case when w.claim and w.parked is null and b.blockers is null and w.due_at <= enlace.now() then $1 end, w.parked, w.error
  from wanted w cross join log left join blocked b on b.id = w.id
  returning id, worker is not null as claimed, since
), added_keys as (
  insert into enlace.run_key (key, position, id) select k.key, k.position, k.id from keys k cross join log
)
select id, claimed, since from added
