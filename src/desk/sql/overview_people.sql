-- What waits for a person, by reason: how many, and since when the longest.
select r.parked as name, count(*) as count, min(s.at) as since
from enlace.run r
cross join lateral (
  select coalesce(max(s.ended_at), enlace.id_time(r.id)) as at from enlace.step s where s.id = r.id
) s
where r.parked is not null
group by 1
order by 2 desc
