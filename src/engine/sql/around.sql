-- What a worker looks for beside its work: whether any worker's lease has run out, and what people asked of workflows that it
-- holds; one row at least.
select exists (select from enlace.worker where lease_until < enlace.now()), r.id, r.asked
from (select 1) always left join enlace.run r on r.worker = $1 and r.asked is not null
