-- The keys of a workflow, with the heads of them held still.
select k.key, k.position
from enlace.run r
join enlace.run_key k on k.position = r.position
cross join lateral (select h.key from enlace.run_key h where h.key = k.key order by h.position limit 1 for update) head
where r.id = $1
order by k.key
