-- Closes upstreams; one that is closed for longer already stays so. Without a length it closes for a pause that doubles each
-- time, counted anew once it was back for a minute, and one call will try it; of many failures at once the first counts.
insert into enlace.upstream as u (id, closed_until, reason, closed_by, changed_at, probes, failures)
select t.id, max(case when t.probes then enlace.now() + enlace.upstream_pause(0)
                      when t.seconds is null then 'infinity'
                      else enlace.now() + t.seconds * interval '1 second' end),
       min(t.reason), $5, enlace.now(), bool_and(t.probes), bool_and(t.probes)::int
from unnest($1::text[], $2::float8[], $3::boolean[], $4::text[]) as t (id, seconds, probes, reason)
group by t.id
on conflict (id) do update
set closed_until = case when excluded.probes and u.opened_at < enlace.now() - interval '1 minute' then excluded.closed_until
                        when excluded.probes then enlace.now() + enlace.upstream_pause(u.failures)
                        else excluded.closed_until end,
    failures = case when not excluded.probes then u.failures
                    when u.opened_at < enlace.now() - interval '1 minute' then 1
                    else least(u.failures + 1, 1000) end,
    probes = excluded.probes, probed_by = null, probed_at = null,
    reason = excluded.reason, closed_by = excluded.closed_by, changed_at = excluded.changed_at
where u.closed_until is null or u.closed_until < case when excluded.probes then enlace.now() else excluded.closed_until end
