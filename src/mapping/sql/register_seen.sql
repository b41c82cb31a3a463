-- A sync of the integration that is under way may have passed the pages on which these boxes would have been: at its end it must
-- not take them for gone (rule S8).
insert into mapping.sync_seen (run, kind, external_id)
select r.run, n.kind, n.external_id
from mapping.sync_seen n
join mapping.sync_run r on r.id_integracao = $2 and r.run <> $1 and r.ended_at is null
where n.run = $1
on conflict do nothing
