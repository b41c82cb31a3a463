-- The engine's schema, and the introduction to the system: read it from top to bottom.
--
-- HubSoft commits a row here, in the transaction that changes its own port. Workers take it in, run it step by step and
-- write down each step. One workflow has one id everywhere: the outbox row's.
--
--   outbox     what HubSoft asked for; written once, by HubSoft, and never changed        (the past's one truth)
--   dedup      ids that callers chose, so that the same request twice is one workflow
--   intake     how far the outbox has been taken in: a log, its last row counts
--   run        what is unfinished: narrow, hot, and the only table that is updated a lot
--   run_key    which unfinished workflows want the same port or service, in commit order
--   worker     who is alive: a lease by the database's clock
--   step       every attempt of every step: append only
--   finished   how each workflow ended: append only
--   act        what people did, and why
--   upstream   each platform as the engine sees it: open, or closed until a time
--   schedule, tick      what starts by the clock, and which ticks have been started
--   kind, kind_state    what this build knows: words for people, written by the worker when it starts
--   token      who may call the API
--
-- What is deliberately absent: a status column in the outbox (an update per workflow on HubSoft's table), a NOTIFY per
-- insert (it takes a lock that all commits queue for), a lease per run (one per worker is enough and is not rewritten with
-- every step), and deletes from anything but `run`, `run_key`, `worker` and old `intake` rows.
create schema if not exists enlace;
comment on schema enlace is 'Durable workflows: what HubSoft asked for, how far each is, and what was done';

-- ---------------------------------------------------------------------------------------------------------------------
-- Time. Every statement asks this function. `clock_shift` (milliseconds) lets tests move time instead of waiting for it;
-- a sequence, because reading one costs no snapshot and setting one leaves no dead rows. Nothing but tests sets it.
create sequence enlace.clock_shift as bigint minvalue -9000000000000 start 0;

create function enlace.now() returns timestamptz language sql volatile as
  $$ select clock_timestamp() + coalesce(pg_sequence_last_value('enlace.clock_shift'), 0) * interval '1 millisecond' $$;

-- Ids that sort by time (RFC 9562, version 7), so that new rows land at the end of every index. Postgres 15 has no such
-- function of its own: 48 bits of milliseconds laid over a random version-4 id, then the version bits 4 → 7.
create function enlace.uuid_v7() returns uuid language sql volatile parallel safe as $$
  select encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
           placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
           52, 1), 53, 1), 'hex')::uuid $$;

-- ---------------------------------------------------------------------------------------------------------------------
-- The outbox: HubSoft's side of the contract. Append only, for ever in this form (contract.md).
create table enlace.outbox (
  id            uuid        not null default enlace.uuid_v7(),
  -- The inserting transaction, named before `seq` is drawn (defaults are computed in column order): whoever holds a lower
  -- `seq` than a visible one already had its transaction id then. The intake relies on it to know when a gap is final.
  xid           xid8        not null default pg_current_xact_id(),
  -- Order of insertion. Under one port's row lock it is the order of commit, which is what rule B7 asks for; the intake
  -- sorts by commit time first where the server keeps it (track_commit_timestamp).
  seq           bigint      not null generated always as identity,
  kind          text        not null,
  payload       jsonb       not null,
  -- The caller's own name for this request: given twice, it is one workflow (G1).
  dedup_id      text        check (length(dedup_id) between 1 and 200),
  requested_by  text        check (length(requested_by) <= 200),
  -- Not before this time; null: at once.
  not_before    timestamptz,
  -- W3C trace context of the caller, so that one trace spans HubSoft and the platform.
  traceparent   text        check (length(traceparent) <= 64),
  enqueued_at   timestamptz not null default enlace.now(),
  primary key (id),
  -- A bound on what one caller can make everybody carry (the API's body limit is the same).
  constraint outbox_payload_size check (pg_column_size(payload) <= 262144)
);
-- The intake reads on from the last row that it took; lists page by it, newest first.
create unique index outbox_seq on enlace.outbox (seq);
comment on table enlace.outbox is 'What HubSoft asked for, in the transaction that changed its own rows. Append only';

create table enlace.dedup (
  dedup_id text primary key,
  id       uuid not null
);
comment on table enlace.dedup is 'Ids that callers chose, and the one workflow that each stands for (G1)';

-- How far the outbox has been taken in. A log rather than a row: a row that is updated hundreds of times a second becomes
-- slow to read while somebody holds a snapshot open (G14); the end of a log does not. The primary key also makes the intake
-- exclusive without a lock: two workers that read the same last row cannot both append the next one.
create table enlace.intake (
  id       bigint primary key,
  -- Every row up to here was taken in, or is listed in `gaps`, or was rolled back.
  upto     bigint not null,
  -- Sequence numbers below `upto` that were not visible: still uncommitted, or rolled back (G1: late commits are found).
  gaps     bigint[] not null,
  -- For each gap, the next transaction id when it was noticed: once all below it have ended, the gap is final.
  gap_xids bigint[] not null,
  check (cardinality(gaps) = cardinality(gap_xids))
);
insert into enlace.intake values (0, 0, '{}', '{}');
comment on table enlace.intake is 'How far the outbox has been taken in; the last row counts';

-- ---------------------------------------------------------------------------------------------------------------------
-- Who is alive. One row a worker process; a run's `worker` names it. Losing the row is losing the lease: every
-- transaction of a worker first locks its own row (key share), and whoever takes over deletes it (G5).
create table enlace.worker (
  id          uuid primary key default enlace.uuid_v7(),
  -- For people: host and process id.
  name        text not null,
  build       text not null,
  started_at  timestamptz not null default enlace.now(),
  lease_until timestamptz not null
);
comment on table enlace.worker is 'Workers alive; a lease by the database''s clock (G5)';

-- What is unfinished. A workflow that moves from step to step under one lease is not rewritten here: its position is the
-- last row of `step`. Fillfactor leaves room for the updates that remain (claimed, waiting, parked).
create table enlace.run (
  id             uuid primary key,
  -- Its place in the order in which it was taken in, which is the order of commit.
  position       bigint      not null,
  kind           text        not null,
  -- The kind's version when it was taken in (G10).
  version        int         not null,
  -- 0 interactive, 1 change, 2 bulk: which goes first.
  lane           smallint    not null,
  -- Running is not among them: that is `worker is not null`.
  status         text        not null check (status in ('queued', 'waiting', 'paused', 'parked')),
  -- Where it began; where it stands now is the last step's `next_state`.
  state          text        not null,
  -- Of how many of its keys it is not the head (G4). 0: nothing is in front of it.
  blockers       smallint    not null default 0 check (blockers >= 0),
  -- When it may go on.
  due_at         timestamptz not null,
  worker         uuid,
  -- The worker that held it and was lost: if it stood in a state that writes to a platform, it looks first (G2, G3).
  interrupted_by uuid,
  -- Failures in a row in `failed_state`, and moves from one state to another: what bounds retries, and going in circles.
  failures       smallint    not null default 0,
  failed_state   text,
  moves          smallint    not null default 0,
  -- What it waits for, for `explain` (G8): the upstream that is closed, the words of the last failure, the reason to park.
  upstream       text,
  error          jsonb,
  parked         text,
  since          timestamptz not null default enlace.now(),
  -- An act on a workflow that a worker holds: honoured by that worker between two steps.
  asked          jsonb,
  constraint run_parked_has_a_reason check ((status = 'parked') = (parked is not null))
) with (fillfactor = 70);
-- What may be claimed, by lane and time. Everything that is held, blocked, parked or paused is not in it, so that a
-- thousand followers of a parked head cost nothing.
create index run_ready on enlace.run (lane, due_at) where worker is null and blockers = 0 and status in ('queued', 'waiting');
-- What people asked of running workflows: almost always empty.
create index run_asked on enlace.run (worker) where asked is not null;
-- What waits for an upstream, to be woken when it opens.
create index run_upstream on enlace.run (upstream) where upstream is not null;
comment on table enlace.run is 'What is unfinished';

-- Who wants the same thing. The lowest `position` of a key is its head: it alone may run (G4). A parked head keeps its place,
-- and so stops its followers, until it is retried, skipped or cancelled.
create table enlace.run_key (
  key      text   not null,
  position bigint not null,
  id       uuid   not null,
  primary key (key, position)
);
-- The keys of one workflow: asked by `explain` and by acts.
create index run_key_position on enlace.run_key (position);
comment on table enlace.run_key is 'Ordering keys of unfinished workflows; the lowest position of a key goes first (G4)';

-- Every attempt of every step, appended in the transaction that also writes what the step changed (G2). The primary key is
-- the guarantee that a recorded step never runs again: a second record of it cannot be written.
create table enlace.step (
  id         uuid        not null,
  -- The step's number in its workflow, from 1; attempts of one step share it.
  n          int         not null,
  attempt    smallint    not null,
  state      text        not null,
  -- done: moved on. failed: will be tried again, or parked. unknown: a write whose answer was lost (G3). again: it asked to
  -- be called later. throttled: the upstream asked for a pause, no attempt spent. lost: its worker died.
  outcome    text        not null check (outcome in ('done', 'failed', 'unknown', 'again', 'throttled', 'lost', 'parked')),
  -- Set when the workflow moved: where to, and that state's data.
  next_state text,
  data       jsonb,
  error      jsonb,
  -- What was asked of whom: [{method, path, status, ms}].
  calls      jsonb,
  began_at   timestamptz not null,
  ended_at   timestamptz not null,
  worker     uuid,
  primary key (id, n, attempt)
);
comment on table enlace.step is 'Every attempt of every step; append only';

create table enlace.finished (
  id         uuid        primary key,
  kind       text        not null,
  version    int         not null,
  status     text        not null check (status in ('succeeded', 'not_applicable', 'superseded', 'failed', 'cancelled')),
  state      text        not null,
  -- The data of the end state: what `status(id)` and the API show as the result.
  result     jsonb,
  error      jsonb,
  ended_at   timestamptz not null default enlace.now()
);
comment on table enlace.finished is 'How each workflow ended; append only';

-- What people did. A reason is not optional.
create table enlace.act (
  id      uuid primary key default enlace.uuid_v7(),
  run_id  uuid,
  act     text        not null,
  person  text        not null,
  reason  text        not null check (length(trim(reason)) > 0),
  at      timestamptz not null default enlace.now(),
  before  jsonb,
  after   jsonb
);
create index act_run on enlace.act (run_id) where run_id is not null;
comment on table enlace.act is 'What people did, to what, when and why';

-- ---------------------------------------------------------------------------------------------------------------------
-- Platforms as the engine sees them (G7). `closed_until` in the future: no worker calls it; 'infinity': until a person opens it.
create table enlace.upstream (
  id           text primary key,
  closed_until timestamptz,
  reason       text,
  closed_by    text,
  changed_at   timestamptz not null default enlace.now(),
  constraint upstream_closed_has_a_reason check (closed_until is null or (reason is not null and closed_by is not null))
);
comment on table enlace.upstream is 'Each platform as the engine sees it: open, or closed until a time, by whom and why (G7)';

-- What starts by the clock (G9). Ticks are computed in the zone's local time with zone data that is compiled in.
create table enlace.schedule (
  id      bigint generated by default as identity primary key,
  kind    text        not null,
  payload jsonb       not null,
  pattern text        not null,
  zone    text        not null,
  active  boolean     not null default true,
  -- Why it is paused, or whatever else people should know.
  note    text,
  -- A tick that is missed because nothing ran is made up if it is less late than this; else it is skipped (rule S1).
  catch_up_seconds int not null default 21600 check (catch_up_seconds >= 0),
  last_at timestamptz,
  next_at timestamptz,
  unique (kind, payload)
);
comment on table enlace.schedule is 'What starts by the clock (G9)';

-- A tick starts exactly one workflow, however many schedulers see it: the primary key is that guarantee.
create table enlace.tick (
  schedule bigint      not null references enlace.schedule on delete cascade,
  at       timestamptz not null,
  outcome  text        not null check (outcome in ('started', 'skipped')),
  -- The workflow that it started.
  run_id   uuid,
  primary key (schedule, at),
  check ((outcome = 'started') = (run_id is not null))
);
comment on table enlace.tick is 'Ticks of schedules, and what each started (G9)';

-- What this build knows, in words, so that SQL can explain too. Written by every worker when it starts.
create table enlace.kind (
  kind    text primary key,
  version int  not null,
  pt      text not null,
  en      text not null
);
create table enlace.kind_state (
  kind  text not null references enlace.kind on delete cascade,
  state text not null,
  pt    text not null,
  en    text not null,
  primary key (kind, state)
);
comment on table enlace.kind is 'Kinds that the newest worker knows, in words';
comment on table enlace.kind_state is 'What is done in each state, in words';

-- Who may call the API. The token itself is shown once and not stored; it is 256 random bits, so a plain hash serves.
create table enlace.token (
  id           uuid primary key default enlace.uuid_v7(),
  name         text        not null check (length(trim(name)) > 0),
  role         text        not null check (role in ('enqueue', 'viewer', 'operator', 'admin')),
  hash         bytea       not null unique,
  created_at   timestamptz not null default enlace.now(),
  last_used_at timestamptz,
  revoked_at   timestamptz
);
comment on table enlace.token is 'API tokens, hashed';

-- ---------------------------------------------------------------------------------------------------------------------
-- Waking up. An idle worker announces until when it sleeps (milliseconds since 1970, on the database's clock); only then
-- does an insert notify it. A busy worker announces nothing and polls, so that under load no transaction of HubSoft's ever
-- takes the notify lock. A sequence, because it is written and read outside of transactions and never bloats.
create sequence enlace.asleep_until as bigint minvalue 0 start 0;
--
-- What happens at an insert into the outbox (the check of its payload, the caller's own id, the wake-up), and `enlace.enqueue`,
-- stand in 0003, because they look into `mapping`.
