-- An act on many, and how far it is.
select id, action, argument, filter, person, reason, pace, total, done, skipped, failed, status, created_at, ended_at, cursor
from enlace.bulk_act
where id = $1
