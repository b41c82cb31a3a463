-- What was claimed, with all that is needed to go on where each stands: the second half of claim.sql and claim_guarded.sql. Each
-- workflow's own rows are looked up one by one.
select c.*, coalesce(edited.payload, o.payload) as payload, o.enqueued_at, last.n, last.attempt, last.next_state is not null as moved,
       stands.data, coalesce(stands.outcome in ('unknown', 'lost'), false) as settling,
       array(select k.key from enlace.run_key k where k.position = c.position) as keys
from claimed c
cross join lateral (select o.payload, o.enqueued_at from enlace.outbox o where o.id = c.id limit 1) o
left join lateral (
  select s.n, s.attempt, s.next_state from enlace.step s where s.id = c.id order by s.n desc, s.attempt desc limit 1
) last on true
left join lateral (
  select e.payload from enlace.edit e where e.id = c.id order by e.n desc limit 1
) edited on true
left join lateral (
  select s.data, s.outcome from enlace.step s where s.id = c.id and s.next_state is not null order by s.n desc limit 1
) stands on true
