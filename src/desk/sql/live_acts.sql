-- Acts on many that are under way, those that were at the last look ($1), and those asked for since ($2): how far each is.
select b.id, b.action, b.status, b.total, b.done, b.skipped, b.failed
from enlace.bulk_act b
where b.status = 'running' or b.id = any ($1) or b.id > $2
order by b.id desc
limit 100
