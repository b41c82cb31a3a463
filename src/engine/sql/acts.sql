-- The acts on a workflow, in order.
select id, act, person, reason, at, before, after from enlace.act where run_id = $1 order by at, id
