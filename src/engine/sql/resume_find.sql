-- Runs that are parked because a build could not decode them, of kinds and versions that this one knows: a page in commit order,
-- with all that is needed to go on where each stands.
select r.id, r.lane, least(r.due_at, enlace.now()) as due_at, r.position, r.kind, r.version, r.state, r.interrupted_by, r.failures, r.failed_state, r.moves, r.asked, null::timestamptz as since,
       coalesce(edited.payload, o.payload) as payload, o.enqueued_at, last.n, last.attempt, last.next_state is not null as moved,
       stands.data, coalesce(stands.outcome in ('unknown', 'lost'), false) as settling,
       array(select k.key from enlace.run_key k where k.position = r.position) as keys
from enlace.run r
join enlace.outbox o on o.id = r.id
left join lateral (
  select s.n, s.attempt, s.next_state from enlace.step s where s.id = r.id order by s.n desc, s.attempt desc limit 1
) last on true
left join lateral (
  select e.payload from enlace.edit e where e.id = r.id order by e.n desc limit 1
) edited on true
left join lateral (
  select s.data, s.outcome from enlace.step s where s.id = r.id and s.next_state is not null order by s.n desc limit 1
) stands on true
where r.parked = 'undecodable' and r.position > $1 and coalesce(r.form, r.version) <= ($2::jsonb ->> r.kind)::int
order by r.position limit $3
