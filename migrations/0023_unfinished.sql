-- What is committed and was not taken in yet, by two ranges of keys.
--
-- 0004 found it by one join: a number behind the intake's mark, *or* one of its gaps. No index serves an "or" whose sides come
-- from another row, so that the planner read the whole outbox, for a list of what is queued and for each scrape of the metrics:
-- with ten million rows 3 and 10 seconds, for nothing to be found. A name of its own, because both look for the same.
create view enlace.not_taken_in as
select o.id, o.seq, o.kind, o.payload, o.dedup_id, o.requested_by, o.enqueued_at
from (select i.upto from enlace.intake i order by i.id desc limit 1) i
-- The order is what makes the planner take the index: it cannot know that few rows lie behind the mark, and guesses a third.
cross join lateral (select * from enlace.outbox b where b.seq > i.upto order by b.seq) o
union all
-- Gaps lie below the mark, so that no row comes twice.
select o.id, o.seq, o.kind, o.payload, o.dedup_id, o.requested_by, o.enqueued_at
from (select i.gaps from enlace.intake i order by i.id desc limit 1) i
cross join unnest(i.gaps) g (seq)
join enlace.outbox o on o.seq = g.seq;
comment on view enlace.not_taken_in is 'What is committed and no worker has taken in yet';
-- For enlace alone, as the outbox is.
revoke all on enlace.not_taken_in from public;

-- The same columns as before: lists, and whoever else reads it, go on. Old workers do not read it.
create or replace view enlace.unfinished as
select o.id, o.seq, o.kind, o.payload, o.dedup_id, o.requested_by, o.enqueued_at,
       case when r.worker is not null then 'running' when r.status = 'queued' and r.blockers > 0 then 'waiting' else r.status end as status
from enlace.run r
join enlace.outbox o on o.id = r.id
union all
select n.id, n.seq, n.kind, n.payload, n.dedup_id, n.requested_by, n.enqueued_at, 'queued'
from enlace.not_taken_in n;
