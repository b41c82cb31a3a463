-- What the API and the terminal need beside the contract: to find old work fast, and to know which token started what.
--
--   token_started   which workflows a token of role `enqueue` started: it may read those, and no others
--   unfinished      a view: every workflow that has not ended, whether or not a worker has taken it in

-- ---------------------------------------------------------------------------------------------------------------------
-- Not by name: two tokens may bear the same one, and `requested_by` is the caller's to choose. Rows are written by the API in
-- the transaction that enqueues; HubSoft's own enqueueing never touches this table.
create table enlace.token_started (
  token uuid not null references enlace.token on delete cascade,
  id    uuid not null,
  primary key (token, id)
);
comment on table enlace.token_started is 'What each token of role enqueue started, and so may read';
revoke all on enlace.token_started from public;

-- ---------------------------------------------------------------------------------------------------------------------
-- Lists of unfinished work start here rather than at the newest outbox row: with ten million finished ones and three parked
-- ones, that is the difference between three rows and ten million (G14). Rows after the intake's mark, and those in its gaps
-- that have become visible, are committed and not taken in yet.
create view enlace.unfinished as
select o.id, o.seq, o.kind, o.payload, o.dedup_id, o.requested_by, o.enqueued_at,
       case when r.worker is not null then 'running' when r.status = 'queued' and r.blockers > 0 then 'waiting' else r.status end as status
from enlace.run r
join enlace.outbox o on o.id = r.id
union all
select o.id, o.seq, o.kind, o.payload, o.dedup_id, o.requested_by, o.enqueued_at, 'queued'
from (select i.upto, i.gaps from enlace.intake i order by i.id desc limit 1) i
join enlace.outbox o on o.seq > i.upto or o.seq = any (i.gaps);
comment on view enlace.unfinished is 'What was asked for and has not ended, with its status';
revoke all on enlace.unfinished from public;

-- What did not end well is rare and what people look for. Most work succeeds and is not in it, so this costs the common end
-- nothing.
create index finished_otherwise on enlace.finished (status, id) where status <> 'succeeded';

-- Finding work by time, port or service in an outbox of millions. A B-tree on each would be paid for by every transaction of
-- HubSoft's; block ranges cost an insert next to nothing, because a range is summed up once, when it is full. A search reads the
-- ranges whose bloom filter may hold the number, a few thousand rows each. The filters are kept small because those of one
-- range share a page.
create index outbox_search on enlace.outbox using brin (
  enqueued_at,
  (payload ->> 'id_porta_atendimento') text_bloom_ops (n_distinct_per_range = 2000),
  (payload ->> 'id_cliente_servico') text_bloom_ops (n_distinct_per_range = 2000)
) with (pages_per_range = 64, autosummarize = on);
