-- Upstreams that are closed, probed, coming back, limited, or waited for; all others are open to every call.
select u.id, u.closed_until is not null and (u.closed_until > t.now or u.probes) as closed,
       case when u.closed_until < 'infinity' then greatest(extract(epoch from u.closed_until - t.now), 0)::float8 end as seconds,
       u.probes, u.reason, u.closed_by, u.rate,
       least(u.concurrency, enlace.upstream_ramp(t.now - enlace.upstream_back(u, t.now))) as at_once, w.waits
from (select enlace.now() as now) t
cross join enlace.upstream u
cross join lateral (
  select exists (select from enlace.run r where r.upstream = u.id and r.worker is null and r.status = 'waiting') as waits
) w
where u.closed_until > t.now or u.probes or u.rate is not null or u.concurrency is not null or w.waits
   or enlace.upstream_ramp(t.now - enlace.upstream_back(u, t.now)) is not null
