-- Workflows that may have moved since the last look: asked for since ($1), taken up or put back since ($2), acted on since ($3);
-- $4 of each at most. What is unfinished has no index by time, and is read through only if it is not much ($5).
(select o.id from enlace.outbox o where o.seq > $1 order by o.seq desc limit $4)
union
(select r.id from enlace.run r where (select $5::boolean) and r.since > $2 limit $4)
union
(select a.run_id from enlace.act a where a.id > $3 and a.run_id is not null order by a.id desc limit $4)
