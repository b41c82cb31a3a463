-- Builds of different versions beside each other on one database (G10), and ticks that overlap (G9).
--
--   worker.knows       which kinds a worker's build knows, and each one's version
--   run.form           the newest version that has had the run in its hands
--   run_undecodable    what is parked because no build could decode it
--   schedule.overlap   what becomes of a tick whose predecessor's workflow has not ended
--   joins              which kinds join what is under way instead
--   tick.outcome       two more: it joined a workflow, or was left out because one had not ended
--
-- Workers of a release that does not know these columns go on as before: they write neither, and claim without looking.

-- ---------------------------------------------------------------------------------------------------------------------
-- {"bind": 1, "sync": 2}, written with the lease and gone with it. A build that finds a kind in the outbox which it does not
-- know, or knows only in an older version, leaves the intake to a worker that does, so that ordering keys are made by a build
-- that can make them. Null: a release from before this column, which nobody waits for.
alter table enlace.worker add column knows jsonb;
comment on column enlace.worker.knows is 'Kinds that its build knows, with their versions (G10)';

-- `version` stays what it was when the run was taken in: the payload is read by it. What a newer build has had in its hands may
-- since stand in a state, or hold data, that older builds do not know: from then on only builds of that version may claim
-- it. Null: that of `version`, so that the common run, which lives and ends under one build, never writes it.
alter table enlace.run add column form int check (form > version);
comment on column enlace.run.form is 'The newest version that has had it in its hands, where that is not version (G10)';

-- Every worker looks here every few seconds, and there is almost never anything in it. By position, because what is let go on
-- takes its place in commit order.
create index run_undecodable on enlace.run (position) where parked = 'undecodable';

-- ---------------------------------------------------------------------------------------------------------------------
-- A sync that is asked for while one runs joins it, whatever this says (rule S1). Of other kinds, the next workflow of a schedule
-- is left out while the last one has not ended: what it would do is still being done, and a slow night must not pile up work.
-- 'start' is for kinds whose every tick counts.
alter table enlace.schedule add column overlap text not null default 'skip';
alter table enlace.schedule add constraint schedule_overlap check (overlap in ('skip', 'start')) not valid;
comment on column enlace.schedule.overlap is 'Whether a tick starts although the last one''s workflow has not ended';

-- Asked where a tick's predecessor goes on: of a kind that joins, the insert itself decides (`sync_under_way`), which knows of
-- more than what this schedule has started.
create function enlace.joins(kind text) returns boolean language sql immutable return kind = 'sync';
revoke all on function enlace.joins(text) from public;

-- Both checks are replaced by wider ones: what old schedulers write is still allowed. `joined` names the workflow that was under
-- way; `overlapped` names none, because none was started for it.
alter table enlace.tick drop constraint tick_outcome_check, drop constraint tick_check;
alter table enlace.tick add constraint tick_outcome check (outcome in ('started', 'joined', 'skipped', 'overlapped')) not valid;
alter table enlace.tick add constraint tick_run check ((outcome in ('started', 'joined')) = (run_id is not null)) not valid;
