-- Calls of the last six hours, a row for each five minutes in which there were any, oldest first.
select c.upstream, c.at, c.answered, c.failed, c.milliseconds
from enlace.call_count c
where c.at > enlace.now() - interval '6 hours'
order by c.upstream, c.at
