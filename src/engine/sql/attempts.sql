-- The attempts of a workflow, in order, with what is done in words.
select s.n, s.attempt, s.state, k.pt as action_pt, k.en as action_en, s.outcome, s.next_state, s.error, s.calls, s.began_at, s.ended_at, s.worker
from enlace.step s
left join enlace.outbox o on o.id = s.id
left join enlace.kind_state k on k.kind = o.kind and k.state = s.state
where s.id = $1 order by s.n, s.attempt
