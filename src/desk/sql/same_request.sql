-- Whether a workflow was started by this very request, or joined by it (S1): by another's words for the same integration,
-- perhaps. The stored payload may hold more: what its kind filled in.
select o.kind = $2 and (o.payload @> $3 or
                        enlace.joins($2) and o.payload -> 'id_integracao' = enlace.admitted($2, $3) -> 'id_integracao')
from enlace.outbox o where o.id = $1
