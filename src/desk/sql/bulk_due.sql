-- The act on many whose next batch has waited longest.
select id, action, argument, filter, person, reason, pace, total, done, skipped, failed, status, created_at, ended_at, cursor from enlace.bulk_act where status = 'running' and next_at <= (select enlace.now()) order by next_at limit 1
