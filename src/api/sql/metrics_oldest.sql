-- Of each kind, how long ago the oldest unfinished workflow was enqueued.
select r.kind, extract(epoch from enlace.now() - o.enqueued_at)::float8 as seconds
from (select distinct on (u.kind) u.kind, u.id from enlace.run u order by u.kind, u.position) r
join enlace.outbox o on o.id = r.id
limit 100
