-- Differences between HubSoft and the platform, found to the end and settled by people (rule S6); a sync that is called off, or
-- joined by who gave an id of his own.
--
--   sync_run.occupants_at       since when what a sync knows of free ports may be old
--   sync_occupied               the ports on which a sync saw somebody, a row a page: what is not in it is free there
--   discrepancy.theirs_service  who of HubSoft's sits there by the platform, where that is known: what *take theirs* needs
--   discrepancy.lapsed_at       when what a person ignores ceased to be so
--   finished_sync_called_off    a cancelled sync leaves no project that says for ever that it is being synced
--   outbox_insert_rare          as in 0011; a sync with a `dedup_id` joins the one under way, too (rule S1)
--
-- Old workers live on beside it: they know neither columns nor table, and leave a sync alone that a new one has had in its hands
-- (its version is another), so that no sync compares with pages of which half were not kept. One that an old worker began has no
-- `occupants_at`, and is not compared at all.

-- ---------------------------------------------------------------------------------------------------------------------
-- "HubSoft has somebody there, the platform nobody" cannot be read off any one page: it is what all pages together leave out.
-- The moment before the first page of occupants was asked for. A port that was transmitted after it may stand on no page and be
-- taken all the same; it is left to the next sync. Null: no such page yet, or the pages were written by a build that kept none.
alter table mapping.sync_run add column occupants_at timestamptz;

-- A row a page, of at most a few hundred numbers. A row a port, as `sync_seen` has it, would be a million index entries a night
-- for a large ISP, to be written and to be deleted again; this is two thousand rows, read once, into a hash.
create table mapping.sync_occupied (
  run   uuid     not null references mapping.sync_run on delete cascade,
  -- Which page: only to tell rows apart.
  page  bigint   not null generated always as identity,
  -- `id_porta_atendimento`s. Not the platform's ids: a port that HubSoft does not have cannot differ.
  ports bigint[] not null,
  primary key (run, page)
);
comment on table mapping.sync_occupied is 'On which ports a running sync has seen somebody; emptied at its end (rule S6)';
revoke all on mapping.sync_occupied from public;

-- ---------------------------------------------------------------------------------------------------------------------
-- The service that the platform's customer was found to be (rule S4), which takes his document to find out; the document itself
-- stays on the page. Apart from `theirs`, because that is what is compared: what a person ignores must not come back because
-- HubSoft has learnt who it is about. Null: nobody is there, nobody knows him, or it was found by an older build.
alter table mapping.discrepancy add column theirs_service bigint;

-- *Ignore* holds while both sides say the same (rule S6). Without this, a difference that went away and came back a year later
-- would be ignored, too. Set by whoever sees that it is no longer so; null elsewhere.
alter table mapping.discrepancy add column lapsed_at timestamptz;
alter table mapping.discrepancy add constraint discrepancy_lapses_if_ignored
  check (lapsed_at is null or settlement = 'ignore') not valid;

-- The list that people work through, newest first, a page at a time: of thousands that were settled, the few that are open.
create index discrepancy_open_by_id on mapping.discrepancy (id) where settled_at is null;

-- ---------------------------------------------------------------------------------------------------------------------
-- A sync's own steps write how it ended (rule S11), but whoever calls it off ends it from outside, between two of them: then
-- nobody would take back what its first step wrote. The engine does not know what a sync is; so this stands where all ends pass.
--
-- A trigger of each row, and not of the statement: its condition is looked at before anything is called, so that the ends that
-- are not meant, which is nearly all, pay for one comparison. A row that is moved to another partition passes again, and finds
-- the run closed.
create function mapping.sync_called_off() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  project bigint;
begin
  update mapping.sync_run r set phase = 'failed', ended_at = enlace.now(), error = 'called off'
  where r.run = new.id and r.ended_at is null
  returning r.id_projeto into project;
  if found then
    -- What it remembered only for itself; as much as its own end would have deleted.
    delete from mapping.sync_seen n where n.run = new.id;
    delete from mapping.sync_occupied o where o.run = new.id;
    update mapping.project p
    set em_sincronizacao = false, ultima_sincronizacao = enlace.now(),
        erro_sincronizacao = 'cancelada por uma pessoa antes do fim / called off by a person before its end'
    where p.id_projeto = project;
  end if;
  return null;
end $$;
revoke all on function mapping.sync_called_off() from public;
create trigger finished_sync_called_off after insert on enlace.finished
  for each row when (new.status = 'cancelled' and new.kind = 'sync') execute function mapping.sync_called_off();

-- Those that were called off before this was here.
update mapping.project p
set em_sincronizacao = false, erro_sincronizacao = 'cancelada por uma pessoa antes do fim / called off by a person before its end'
where p.em_sincronizacao and not exists (
  select from mapping.sync_run r join enlace.run w on w.id = r.run where r.id_projeto = p.id_projeto and r.ended_at is null);

-- ---------------------------------------------------------------------------------------------------------------------
-- Rule S1: a sync that is asked for while one runs joins it and returns its id, also where the caller gave an id of his own
-- (`dedup_id`, or the header Idempotency-Key). That id then stands for the one that was joined, so that asking again answers the
-- same. Everything else is as in 0011.
create or replace function enlace.outbox_insert_rare(inout entry enlace.outbox) language plpgsql
  security definer set search_path = pg_catalog, pg_temp as $$
declare
  known   uuid;
  running uuid;
begin
  entry.payload := enlace.admitted(entry.kind, entry.payload);
  if entry.kind = 'sync' and entry.not_before is null then
    running := enlace.sync_under_way(entry.payload);
  end if;
  if entry.dedup_id is not null then
    insert into enlace.dedup (dedup_id, id) values (entry.dedup_id, coalesce(running, entry.id)) on conflict do nothing;
    select d.id into known from enlace.dedup d where d.dedup_id = entry.dedup_id;
    if known <> entry.id then
      entry := null; return; -- asked for before, or just joined: that one stands, this row is not stored
    end if;
  elsif running is not null then
    entry := null; return; -- joins the one under way: this row is not stored
  end if;
  if pg_sequence_last_value('enlace.asleep_until') > extract(epoch from clock_timestamp()) * 1000 then
    perform pg_notify('enlace', '');
  end if;
end $$;
