-- Weeks, from this one on, that have no partition.
select p.parent, w.monday
from unnest('{step,finished}'::text[]) as p (parent)
cross join lateral (
  select date_trunc('week', enlace.now() at time zone 'UTC')::date + 7 * g as monday from generate_series(0, $1::int) g
) w
where not exists (select from enlace.history_partition h
                  where h.parent = p.parent and h.to_id > enlace.lowest_id(w.monday::timestamp at time zone 'UTC')
                    and (h.from_id is null or h.from_id < enlace.lowest_id((w.monday + 7)::timestamp at time zone 'UTC')))
order by w.monday, p.parent
