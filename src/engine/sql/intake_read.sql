-- Reads what was committed to the outbox since the last intake, and the gaps that have filled meanwhile; in order of commit.
-- A time that no calendar of ours holds, `infinity` for one, is as far away as any. Says too whether a worker of another build is alive, which may know more than this one (G10).
select s.id as intake_id, s.upto, s.gaps, s.gap_xids,
       pg_snapshot_xmin(pg_current_snapshot())::text::bigint as oldest_running,
       exists (select from enlace.worker w where w.knows <> $2 and w.lease_until > enlace.now()) as mixed,
       o.id, o.seq, o.kind, o.payload, o.enqueued_at,
       case when o.not_before is not null then least(greatest(o.not_before, timestamptz '2000-01-01'), timestamptz '9999-12-31') end as not_before
from (select * from enlace.intake order by id desc limit 1) s
left join lateral (
  (select * from enlace.outbox f where f.seq > s.upto order by f.seq limit $1)
  union all
  (select * from enlace.outbox l where l.seq = any (s.gaps))
) o on true
order by case when current_setting('track_commit_timestamp')::boolean then pg_xact_commit_timestamp(o.xid::xid) end nulls last, o.seq
