-- What happened to an integration before a time ($2, microseconds since 1970; null: ever), newest first: what people did to it
-- and to its upstream, and its syncs.
select h.at, h.act, h.person, h.reason, h.before, h.after
from (
  select a.at, a.act, a.person, a.reason, a.before, a.after
  from enlace.act a
  where a.run_id is null
    and (a.before @> jsonb_build_object('integration', $1::bigint)
      or a.before @> jsonb_build_object('upstream', 'integration:' || $1::bigint))
  union all
  select r.begun_at, 'sync', coalesce(o.requested_by, '?'), coalesce(r.error, r.phase), null,
         jsonb_build_object('workflow', r.run, 'phase', r.phase, 'ended_at', r.ended_at)
  from mapping.sync_run r
  left join enlace.outbox o on o.id = r.run
  where r.id_integracao = $1::bigint
) h
where $2::bigint is null or h.at < timestamptz 'epoch' + $2::bigint * interval '1 microsecond'
order by h.at desc
limit $3
