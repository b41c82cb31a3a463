-- Whether a workflow was started by this very request. The stored payload may hold more: what its kind filled in.
select o.kind = $2 and o.payload @> $3 from enlace.outbox o where o.id = $1
