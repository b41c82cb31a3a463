-- Syncs that have not ended, and these that had not at the last look, with what each has counted so far. Not what its steps
-- would have to be read for: a large city's are thousands.
select r.run as id, r.id_integracao, jsonb_build_object(
  'phase', r.phase,
  'elements', coalesce((
    select jsonb_object_agg(c.kind, jsonb_strip_nulls(jsonb_build_object(
      'seen', c.seen, 'created', c.created, 'updated', c.updated,
      'unchanged', greatest(c.seen - c.created - c.updated - c.skipped, 0), 'missing', c.missing,
      'skipped', nullif(c.skipped, 0), 'total', c.total)))
    from mapping.sync_count c where c.run = r.run), '{}'),
  'customers', jsonb_build_object('bound', r.bound, 'reserved', r.reserved, 'ambiguous', r.ambiguous),
  'discrepancies', r.discrepancies) as progress
from mapping.sync_run r
where r.ended_at is null or r.run = any ($1)
order by r.begun_at desc
limit 100
