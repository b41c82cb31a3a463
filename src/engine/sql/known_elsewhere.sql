-- The newest version of each kind that a worker alive knows.
select k.kind, max(k.version::int) as version
from enlace.worker w cross join lateral jsonb_each_text(w.knows) as k (kind, version)
where w.lease_until > enlace.now()
group by k.kind
