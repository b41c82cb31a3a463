-- Whether the next ten thousand rows of the outbox are work of more than one lane, or of a more urgent one than $2; $1 names the
-- lane of each kind.
select coalesce(min(next.lane) < greatest(max(next.lane), $2::smallint), false)
from (
  select coalesce(($1::jsonb ->> o.kind)::smallint, 1) as lane
  from enlace.outbox o
  where o.seq > (select i.upto from enlace.intake i order by i.id desc limit 1)
  order by o.seq limit 10000
) next
