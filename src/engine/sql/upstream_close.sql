-- Closes upstreams; one that is closed for longer already stays so.
insert into enlace.upstream as u (id, closed_until, reason, closed_by, changed_at)
select t.id, max(case when t.seconds is null then 'infinity' else enlace.now() + t.seconds * interval '1 second' end),
       min(t.reason), $4, enlace.now()
from unnest($1::text[], $2::float8[], $3::text[]) as t (id, seconds, reason)
group by t.id
on conflict (id) do update
set closed_until = excluded.closed_until, reason = excluded.reason, closed_by = excluded.closed_by, changed_at = excluded.changed_at
where u.closed_until is null or u.closed_until < excluded.closed_until
