-- What a sync counted so far, in contract.md's form, and its phase (rule S11). Calls and waiting are read off its steps.
select r.phase, jsonb_build_object(
  'elements', coalesce((
    select jsonb_object_agg(c.kind, jsonb_strip_nulls(jsonb_build_object(
      'seen', c.seen, 'created', c.created, 'updated', c.updated,
      'unchanged', greatest(c.seen - c.created - c.updated - c.skipped, 0), 'missing', c.missing,
      'skipped', nullif(c.skipped, 0), 'total', c.total)))
    from mapping.sync_count c where c.run = r.run), '{}'),
  'customers', jsonb_build_object('bound', r.bound, 'reserved', r.reserved, 'ambiguous', r.ambiguous),
  'discrepancies', r.discrepancies,
  'calls', coalesce(s.calls, 0),
  'waited_seconds', coalesce(s.waited_seconds, 0)) as result
from mapping.sync_run r
left join lateral (
  select sum(jsonb_array_length(a.calls)) as calls,
         round(sum(extract(epoch from a.next_began_at - a.ended_at)) filter (where a.outcome = 'throttled'), 1) as waited_seconds
  from (
    select case when jsonb_typeof(t.calls) = 'array' then t.calls end as calls, t.outcome, t.ended_at,
           lead(t.began_at) over (order by t.n, t.attempt) as next_began_at
    from enlace.step t where t.id = r.run
  ) a
) s on true
where r.run = $1
