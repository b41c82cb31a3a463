-- Where an unfinished workflow stands, whole, for an act that has locked it.
select w.kind, w.status, w.state, w.parked, w.blockers, w.asked, w.taken_in, w.payload,
       stands.data, stands.state as came_from, stands.outcome as came_by, last.n, last.attempt,
       coalesce(last.next_state is not null, false) as moved
from enlace.workflow w
join enlace.run r on r.id = w.id
left join lateral (
  select s.n, s.attempt, s.next_state from enlace.step s where s.id = r.id order by s.n desc, s.attempt desc limit 1
) last on true
left join lateral (
  select s.data, s.state, s.outcome from enlace.step s where s.id = r.id and s.next_state is not null order by s.n desc limit 1
) stands on true
where w.id = $1
