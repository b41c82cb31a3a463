-- History by weeks. What has ended piles up for ever: steps and ends are cut into weeks by their workflow's id, which holds the
-- time (uuid v7), so that old work goes by dropping a table instead of deleting millions of rows.
--
--   lowest_id, id_time       an id as a time, and back
--   step, finished           as they were, in partitions
--   history_partition        a view: which partitions there are, and from where to where
--   history_add              makes the partition of a week
--   history_retire           drops an old partition, but for what is still needed of it
--   history_sweep            the same for the partition that takes what fits nowhere else
--   finished_count           what remains of dropped work: how many ended how, a day (rule P2)
--   leader                   who does what only one may do
--
-- The outbox stays whole: an insert into a partitioned table costs HubSoft's transaction a quarter more, and each of its rows
-- is written by HubSoft. Its old rows are deleted, a few at a time. An outbox row is what a workflow *is*: history whose outbox
-- row is gone may go, and nothing else may. So nobody ever sees a workflow without its end.

-- ---------------------------------------------------------------------------------------------------------------------
-- The lowest id that a workflow of this time can have: 48 bits of milliseconds, then nothing.
create function enlace.lowest_id(at timestamptz) returns uuid language sql immutable parallel safe
  return (lpad(to_hex(floor(extract(epoch from at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid;

-- When an id was made.
create function enlace.id_time(id uuid) returns timestamptz language sql immutable parallel safe
  return to_timestamp(('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint / 1000.0);

-- Which partitions a table of history has. Bounds are read from the catalogue, so that there is no list of ours to disagree
-- with it. No lower bound: from the beginning. No upper one: the partition for what fits nowhere else.
create view enlace.history_partition as
select p.relname::text as parent, c.oid::regclass as partition,
       (regexp_match(b.bounds, $re$FROM \('([^']+)'\)$re$))[1]::uuid as from_id,
       (regexp_match(b.bounds, $re$TO \('([^']+)'\)$re$))[1]::uuid as to_id
from pg_inherits i
join pg_class p on p.oid = i.inhparent and p.relnamespace = 'enlace'::regnamespace and p.relname in ('step', 'finished')
join pg_class c on c.oid = i.inhrelid
cross join lateral (select pg_get_expr(c.relpartbound, c.oid) as bounds) b;
comment on view enlace.history_partition is 'Partitions of step and finished, and the ids that each takes';

-- Makes the partition of the week that begins on this Monday; false: there is one. Attaching takes no lock that stops readers
-- or writers of the other weeks; creating it in place would. Rows of that week that came before it are fetched from the default
-- partition: without that it could never be attached.
create function enlace.history_add(parent text, monday date) returns boolean language plpgsql as $$
declare
  lo   uuid := enlace.lowest_id(monday::timestamp at time zone 'UTC');
  hi   uuid := enlace.lowest_id((monday + 7)::timestamp at time zone 'UTC');
  name text := parent || to_char(monday, '_YYYY_MM_DD');
begin
  if exists (select from enlace.history_partition h
             where h.parent = $1 and h.to_id > lo and (h.from_id is null or h.from_id < hi)) then
    return false;
  end if;
  execute format('create table enlace.%I (like enlace.%I including all)', name, parent);
  execute format('with early as (delete from enlace.%I where id >= %L and id < %L returning *) insert into enlace.%I select * from early',
                 parent || '_default', lo, hi, name);
  execute format('alter table enlace.%I attach partition enlace.%I for values from (%L) to (%L)', parent, name, lo, hi);
  return true;
end $$;

-- ---------------------------------------------------------------------------------------------------------------------
-- The tables become the first partitions of tables of the same names and columns. Workers that run meanwhile wait for the
-- lock and go on; their statements name the same tables.
--
-- What it costs: attaching reads each table once, under a lock that keeps workers and `status` waiting (HubSoft's inserts do
-- not), because Postgres must see that every id fits: about a second for a million steps on a small machine. A check
-- constraint made beforehand would have to be validated by the same reading. Nothing is copied.
do $$
declare
  bound timestamptz := (date_trunc('week', clock_timestamp() at time zone 'UTC') + interval '7 days') at time zone 'UTC';
  views text[];
  name  text;
begin
  -- Views follow a table that is renamed: they are written down first, and made anew on the new ones.
  select array_agg(format('create or replace view %s as %s', v.oid::regclass, pg_get_viewdef(v.oid)) order by v.oid) into views
  from pg_class v
  where v.relkind = 'v' and exists (
    select from pg_rewrite r join pg_depend d on d.objid = r.oid
    where r.ev_class = v.oid and d.refobjid in ('enlace.step'::regclass, 'enlace.finished'::regclass));
  alter index enlace.step_pkey rename to step_first_pkey;
  alter index enlace.finished_pkey rename to finished_first_pkey;
  alter index enlace.finished_otherwise rename to finished_first_otherwise;
  foreach name in array '{step,finished}'::text[] loop
    execute format('alter table enlace.%I rename to %I', name, name || '_first');
    execute format('create table enlace.%I (like enlace.%I including all excluding indexes) partition by range (id)', name, name || '_first');
    execute format('create table enlace.%I (like enlace.%I including all)', name || '_default', name || '_first');
    -- Ids of the future are not uuid v7: they would stretch the first partition over all weeks to come.
    execute format('with odd as (delete from enlace.%I where id >= %L returning *) insert into enlace.%I select * from odd',
                   name || '_first', enlace.lowest_id(bound), name || '_default');
  end loop;
  -- The guarantees of 0001, on the whole: a step is recorded once (G2), a workflow ends once.
  alter table enlace.step add primary key (id, n, attempt);
  alter table enlace.finished add primary key (id);
  create index finished_otherwise on enlace.finished (status, id) where status <> 'succeeded';
  foreach name in array '{step,finished}'::text[] loop
    execute format('alter table enlace.%I attach partition enlace.%I for values from (minvalue) to (%L)',
                   name, name || '_first', enlace.lowest_id(bound));
    -- A safety net: no workflow may fail because nobody made its week.
    execute format('alter table enlace.%I attach partition enlace.%I default', name, name || '_default');
    for week in 0..3 loop
      perform enlace.history_add(name, (bound at time zone 'UTC')::date + 7 * week);
    end loop;
    execute format('revoke all on enlace.%I from public', name);
  end loop;
  foreach name in array coalesce(views, '{}') loop
    execute name;
  end loop;
end $$;
comment on table enlace.step is 'Every attempt of every step; append only, in weeks';
comment on table enlace.finished is 'How each workflow ended; append only, in weeks';

-- ---------------------------------------------------------------------------------------------------------------------
-- Retention (rule P2): payloads and answers go, counts stay. Days are those of the people who read them.
create table enlace.finished_count (
  day    date   not null,
  kind   text   not null,
  status text   not null,
  count  bigint not null,
  primary key (day, kind, status)
);
comment on table enlace.finished_count is 'How many workflows ended how, of those whose rows are gone (P2)';

-- Adds ends that are about to go to the counts; part: of which table, ids: which, null: all that have no outbox row.
create function enlace.history_count(part regclass, ids uuid[] default null) returns void language plpgsql as $$
begin
  execute format(
    'insert into enlace.finished_count as c (day, kind, status, count)
     select (f.ended_at at time zone ''America/Sao_Paulo'')::date, f.kind, f.status, count(*)
     from %s f where case when $1 is null then not exists (select from enlace.outbox o where o.id = f.id) else f.id = any ($1) end
     group by 1, 2, 3 order by 1, 2, 3
     on conflict (day, kind, status) do update set count = c.count + excluded.count', part) using ids;
end $$;

-- Old partitions that hold something to drop, or nothing at all. `before`: the lowest id that is kept whatever happens.
create function enlace.history_spent(before uuid) returns table (parent text, partition regclass) language plpgsql stable as $$
declare
  old   record;
  spent boolean;
begin
  for old in select h.parent, h.partition from enlace.history_partition h where h.to_id <= before order by h.to_id loop
    execute format('select not exists (select from %1$s) or exists (
                      select from %1$s p where not exists (select from enlace.outbox o where o.id = p.id))', old.partition) into spent;
    if spent then
      parent := old.parent; partition := old.partition; return next;
    end if;
  end loop;
end $$;

-- Drops a partition. What is still needed of it (unfinished work, and what ended lately though it began long ago) moves to a
-- small one with the same bounds. Its ends are counted and its rest is found before the table is locked: both can only shrink.
-- The lock keeps all workers waiting, so the caller sets a short `lock_timeout` and tries again. False: more rows are needed
-- than may be copied under such a lock; it stays until they are fewer.
create function enlace.history_retire(part regclass, most int default 20000) returns boolean language plpgsql as $$
declare
  p     record;
  ids   uuid[];
  name  text;
  kept  bigint := 0;
begin
  select h.parent, h.from_id, h.to_id, c.relname into strict p
  from enlace.history_partition h join pg_class c on c.oid = h.partition where h.partition = part;
  ids := array(select o.id from enlace.outbox o
               where o.id >= coalesce(p.from_id, '00000000-0000-0000-0000-000000000000') and o.id < p.to_id limit most + 1);
  if cardinality(ids) > most then
    return false;
  end if;
  if p.parent = 'finished' then
    perform enlace.history_count(part);
  end if;
  execute format('alter table enlace.%I detach partition %s', p.parent, part);
  if cardinality(ids) > 0 then
    name := p.relname || '_kept';
    execute format('create table enlace.%I (like enlace.%I including all)', name, p.parent);
    execute format('insert into enlace.%I select s.* from %s s where s.id = any ($1)', name, part) using ids;
    get diagnostics kept = row_count;
  end if;
  execute format('drop table %s', part);
  if kept > 0 then
    execute format('alter table enlace.%I rename to %I', name, p.relname);
    execute format('alter table enlace.%I attach partition enlace.%I for values from (%s) to (%L)',
                   p.parent, p.relname, coalesce(quote_literal(p.from_id), 'minvalue'), p.to_id);
  elsif name is not null then
    execute format('drop table enlace.%I', name);
  end if;
  return true;
end $$;

-- Deletes a few old rows of the default partition that have no outbox row any more; how many.
create function enlace.history_sweep(parent text, before uuid, most int) returns bigint language plpgsql as $$
declare
  part text := format('enlace.%I', parent || '_default');
  ids  uuid[];
  gone bigint;
begin
  execute format('select array(select distinct d.id from %s d where d.id < $1
                    and not exists (select from enlace.outbox o where o.id = d.id) limit $2)', part) into ids using before, most;
  if parent = 'finished' then
    perform enlace.history_count(part::regclass, ids);
  end if;
  execute format('delete from %s where id = any ($1)', part) using ids;
  get diagnostics gone = row_count;
  return gone;
end $$;

-- What a token started is forgotten with the outbox's row, which is looked for by its id.
create index token_started_id on enlace.token_started (id);

-- ---------------------------------------------------------------------------------------------------------------------
-- Who does what only one may do: a lease by the database's clock, not a lock of a session, so that a pooler, a failover or a
-- stopped process can neither lose it unnoticed nor keep it for ever. `term` is the fencing number: it rises with each change,
-- and whoever acts for a term holds the row still (for share) until it commits, so that the next one begins afterwards.
create table enlace.leader (
  duty        text primary key,
  term        bigint      not null,
  -- For people: host and process id.
  name        text        not null,
  lease_until timestamptz not null
) with (fillfactor = 50);
comment on table enlace.leader is 'Duties that one process at a time has, under a lease';

-- ---------------------------------------------------------------------------------------------------------------------
-- Hot tables are cleaned after so many dead rows, whatever their size is then: shares of a table that is usually empty say
-- nothing. No pauses in between: they are small, and what is dead in them is walked over by every look for work (G14).
alter table enlace.run set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);
alter table enlace.run_key set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);
alter table enlace.intake set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);
alter table enlace.worker set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 100);

revoke all on enlace.history_partition, enlace.finished_count, enlace.leader from public;
revoke all on function enlace.lowest_id(timestamptz), enlace.id_time(uuid), enlace.history_add(text, date),
  enlace.history_count(regclass, uuid[]), enlace.history_spent(uuid), enlace.history_retire(regclass, int),
  enlace.history_sweep(text, uuid, int) from public;
