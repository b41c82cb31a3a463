-- The act on many whose next batch is due first, and in how many seconds that is.
select id, greatest(extract(epoch from next_at - enlace.now()), 0)::float8
from enlace.bulk_act
where status = 'running'
order by next_at
limit 1
