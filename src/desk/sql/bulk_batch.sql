-- Holds an act on many still while a batch of it is done; not, if somebody stopped it or did that batch meanwhile.
select id, action, argument, filter, person, reason, pace, total, done, skipped, failed, status, created_at, ended_at, cursor
from enlace.bulk_act
where id = $1 and status = 'running' and next_at <= enlace.now()
for update
