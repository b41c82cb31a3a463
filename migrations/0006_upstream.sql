-- The upstream as a thing (G7): how much of it all workers together may use, how it closes, is probed and comes back.
--
--   upstream          gets its limits, set by people, and what it takes to come back from a failure by itself
--   upstream_budget   the turn-taking of one limited upstream: one narrow row, locked by whoever asks for a turn
--   upstream_share    what each worker uses of it, and in which lanes it waits
--   upstream_turn     asks for turns: the one door to a limited, closed, probed or returning upstream
--   upstream_words    why something waits for it, for `explain`
--
-- An upstream that is open and has no limit has no row in the two new tables, and no call to it asks anything of Postgres:
-- workers read once a second which upstreams are not like that.
--
-- The states, computed from the row so that they cannot disagree with it:
--   closed    `closed_until` is to come; or it has passed and `probes` says that one call must succeed first
--   slowed    it came back a moment ago: few calls at once, twice as many every two seconds
--   open      otherwise

-- All columns are null or false for whatever old workers write: they close for a time and open, as before.
alter table enlace.upstream
  -- Calls a second and calls at once, over all workers; null: not limited.
  add column rate        float8   check (rate > 0 and rate < 'infinity'),
  add column concurrency int      check (concurrency between 1 and 1000),
  -- It failed without saying for how long: when `closed_until` has passed, one call over all workers tries whether it is back.
  add column probes      boolean  not null default false,
  -- The worker whose call that is, and since when. It counts while that worker lives.
  add column probed_by   uuid,
  add column probed_at   timestamptz,
  -- How often it closed in a row without having come back for a minute: each time it stays closed for twice as long.
  add column failures    smallint not null default 0,
  -- When a probe succeeded or a person opened it. Where `closed_until` simply passed, that is when it came back.
  add column opened_at   timestamptz;

-- One row of each limited upstream. Apart from `upstream`, which is read by every worker and locked by records that put work
-- back: this row is rewritten with every turn, that one must not be.
create table enlace.upstream_budget (
  upstream text primary key,
  -- The rate as one number (GCRA): the next call may begin then.
  next_at  timestamptz not null default '-infinity',
  -- Calls of interactive and change work granted while bulk work waited: after nine, the next one is bulk (G7: never starved).
  passed   smallint    not null default 0
) with (fillfactor = 50);
comment on table enlace.upstream_budget is 'When the next call to a limited upstream may begin, and whose turn it is (G7)';

-- Who uses it. Rows of workers that are gone count for nothing; whoever asks for a turn sweeps them away.
create table enlace.upstream_share (
  upstream text not null,
  worker   uuid not null,
  -- Calls that this worker may have under way.
  held     int  not null,
  -- Which lanes wait here (interactive, change, bulk), since when, and when that was last said: a second later it is forgotten.
  waits    boolean[]   not null,
  since    timestamptz not null,
  said_at  timestamptz not null,
  primary key (upstream, worker)
) with (fillfactor = 50);
comment on table enlace.upstream_share is 'What each worker uses of a limited upstream, and in which lanes it waits (G7)';

-- What waits for an upstream, in the order in which it goes on: workers take from the front what they have room for. Partial,
-- so that work which waits for none pays nothing.
create index run_upstream_turn on enlace.run (upstream, lane, position) where upstream is not null and worker is null and status = 'waiting';

-- ---------------------------------------------------------------------------------------------------------------------
-- The arithmetic, in functions of its own so that tests can try it.

-- How long an upstream stays closed that did not say: 5 s, doubled each time, up to 5 min.
create function enlace.upstream_pause(failures int) returns interval language sql immutable parallel safe
  return least(interval '5 minutes', interval '5 seconds' * (2 ^ least(greatest(failures, 0), 10)));

-- Since when it is coming back; null: it is closed, or was never closed.
create function enlace.upstream_back(u enlace.upstream, at timestamptz) returns timestamptz language sql immutable parallel safe
  return case when u.closed_until > at or u.probes and u.closed_until is not null then null
              else greatest(u.opened_at, u.closed_until) end;

-- Calls at once over all workers, so long after it came back: 2, twice as many every two seconds; null: after 16 s it is back.
create function enlace.upstream_ramp(back interval) returns int language sql immutable parallel safe
  return case when back < interval '16 seconds'
    then (2 * 2 ^ floor(extract(epoch from greatest(back, interval '0')) / 2))::int end;

-- Open, slowed or closed (contract.md).
create function enlace.upstream_state(u enlace.upstream, at timestamptz) returns text language sql immutable parallel safe
  return case when u.closed_until > at or u.probes and u.closed_until is not null then 'closed'
              when enlace.upstream_ramp(at - enlace.upstream_back(u, at)) is not null then 'slowed'
              else 'open' end;

-- ---------------------------------------------------------------------------------------------------------------------
-- Asks for turns. `waiting` says how many calls wait in each lane of this worker, `busy` how many it has under way. Answers
--   free     nothing limits it (any more): go ahead
--   closed   nobody goes; `seconds` until it may be asked again (null: until a person opens it)
--   probe    one call, yours, tries whether it is back
--   probed   somebody else's does
--   go       `calls` calls of `lane`, one every `seconds` (null: at once)
--   wait     not now; ask again in `seconds`, or sooner than half a second where it is null
-- `held` is what the worker may have under way after that, and `crowded` says that others want what it does not use.
--
-- Never more than the rate: a turn moves `next_at` by a call's share of a second. Turns are given when they are due and not
-- before, so that urgent work never finds them spoken for: singly below 8 a second, above that a quarter of a second's worth.
-- Never more at once than the limit: what is held by all workers is counted under the lock of the budget's row.
create function enlace.upstream_turn(
  id text, me uuid, waiting int[], busy int, at timestamptz default enlace.now(),
  out verdict text, out lane smallint, out calls int, out seconds float8, out held int, out crowded boolean
) language plpgsql as $$
#variable_conflict use_column
declare
  u       enlace.upstream;
  b       enlace.upstream_budget;
  mine    enlace.upstream_share;
  at_once int;
  gap     interval;
  others  record;
  wants   int := waiting[1] + waiting[2] + waiting[3];
  bulk    boolean;
  rest    boolean[];
begin
  select * into u from enlace.upstream n where n.id = upstream_turn.id;
  held := busy; calls := 0; crowded := false;
  if u.closed_until > at then
    verdict := 'closed';
    seconds := case when u.closed_until < 'infinity' then extract(epoch from u.closed_until - at) end;
    return;
  end if;
  if u.probes and u.closed_until is not null then
    if wants > 0 then
      -- A guarded update: of all who come at once, one finds it not being probed.
      update enlace.upstream n set probed_by = me, probed_at = at
      where n.id = upstream_turn.id and n.probes and n.closed_until <= at
        and not (n.probed_at > at - interval '10 minutes' and exists (select from enlace.worker w where w.id = n.probed_by));
      if found then
        verdict := 'probe'; calls := 1; return;
      end if;
    end if;
    verdict := 'probed'; return;
  end if;
  at_once := least(u.concurrency, enlace.upstream_ramp(at - enlace.upstream_back(u, at)));
  if u.rate is null and at_once is null then
    -- Rare: it stopped being limited since the worker last looked.
    delete from enlace.upstream_share s where s.upstream = upstream_turn.id and s.worker = me;
    verdict := 'free'; return;
  end if;

  insert into enlace.upstream_budget (upstream) values (upstream_turn.id) on conflict do nothing;
  select * into b from enlace.upstream_budget n where n.upstream = upstream_turn.id for update;
  select * into mine from enlace.upstream_share s where s.upstream = upstream_turn.id and s.worker = me;
  delete from enlace.upstream_share s
  where s.upstream = upstream_turn.id and not exists (select from enlace.worker w where w.id = s.worker);
  select coalesce(sum(s.held), 0) as held,
         coalesce(bool_or(s.waits[1] and s.said_at > at - interval '1 second'), false) as interactive,
         coalesce(bool_or(s.waits[2] and s.said_at > at - interval '1 second'), false) as change,
         coalesce(bool_or(s.waits[3] and s.said_at > at - interval '1 second'), false) as bulk
  into others from enlace.upstream_share s where s.upstream = upstream_turn.id and s.worker <> me;
  crowded := others.interactive or others.change or others.bulk;

  -- Whose turn it is: the most urgent lane that waits anywhere, and bulk after nine calls that passed it over.
  bulk := waiting[3] > 0 or others.bulk;
  lane := case when bulk and b.passed >= 9 then 2
               when waiting[1] > 0 or others.interactive then 0
               when waiting[2] > 0 or others.change then 1
               when bulk then 2 end;
  calls := coalesce(waiting[lane + 1], 0);
  if at_once is not null then
    -- Those of the same lane who have less, or as little and wait for longer, come before this worker: one call each.
    calls := least(calls, at_once - others.held - busy - (
      select count(*) from enlace.upstream_share s
      where s.upstream = upstream_turn.id and s.worker <> me and s.waits[lane + 1] and s.said_at > at - interval '1 second'
        and (s.held < busy or s.held = busy and (s.since, s.worker) < (coalesce(mine.since, at), me))));
  end if;
  if u.rate is not null and wants > 0 then
    gap := interval '1 second' / u.rate;
    if b.next_at > at then
      calls := 0; seconds := extract(epoch from b.next_at - at);
    else
      -- Asked a little late is not lost, up to a tenth of a second; but a rest is not saved up for a rush.
      b.next_at := greatest(b.next_at, at - least(gap, interval '100 milliseconds'));
      calls := least(calls, greatest(1, floor(u.rate * 0.25)::int));
    end if;
  end if;
  if lane = 2 and (waiting[1] + waiting[2] > 0 or others.interactive or others.change) then
    calls := least(calls, greatest(1, b.passed / 9));
  end if;
  calls := greatest(calls, 0);
  verdict := case when calls > 0 then 'go' else 'wait' end;

  if calls > 0 then
    if gap is not null then
      b.next_at := b.next_at + calls * gap; seconds := extract(epoch from gap);
    end if;
    b.passed := case when lane = 2 or not bulk then 0 else least(b.passed + calls, 1000) end;
    update enlace.upstream_budget n set next_at = b.next_at, passed = b.passed
    where n.upstream = upstream_turn.id and (n.next_at, n.passed) is distinct from (b.next_at, b.passed);
  end if;
  held := case when at_once is null then 0 else busy + calls end;
  rest := array[waiting[1] > case when lane = 0 then calls else 0 end,
                waiting[2] > case when lane = 1 then calls else 0 end,
                waiting[3] > case when lane = 2 then calls else 0 end];
  if held = 0 and not true = any (rest) then
    delete from enlace.upstream_share s where s.upstream = upstream_turn.id and s.worker = me;
  elsif mine.held is distinct from held or mine.waits is distinct from rest or mine.said_at < at - interval '300 milliseconds' then
    insert into enlace.upstream_share as s (upstream, worker, held, waits, since, said_at)
    values (upstream_turn.id, me, held, rest, at, at)
    on conflict (upstream, worker) do update set held = excluded.held, waits = excluded.waits, said_at = excluded.said_at,
      -- Who waits keeps its place until it gets something.
      since = case when calls > 0 or not true = any (s.waits) then excluded.since else s.since end;
  end if;
end $$;
comment on function enlace.upstream_turn is 'Asks for turns at an upstream that is limited, closed, probed or coming back (G7)';

-- ---------------------------------------------------------------------------------------------------------------------
-- Why something waits for an upstream (G8): {pt, en}. `due` is when whoever waits is called next, for upstreams that nothing
-- limits any more. Reasons are in both languages, like failures: each reader gets their half (`words`, `clock_text`: 0007).
create function enlace.upstream_words(upstream text, due timestamptz) returns jsonb language plpgsql stable
  security definer set search_path = pg_catalog, pg_temp as $$
declare
  u      enlace.upstream;
  at     timestamptz := enlace.now();
  queued bigint;
  until_ timestamptz;
  pt     text;
  en     text;
  why_pt text;
  why_en text;
begin
  select * into u from enlace.upstream n where n.id = upstream_words.upstream;
  why_pt := coalesce(': ' || enlace.words(u.reason, 'pt'), '');
  why_en := coalesce(': ' || enlace.words(u.reason, 'en'), '');
  if u.closed_until > at then
    -- Closed by this program takes its article, closed by a person does not.
    pt := format('aguarda a plataforma (%s), fechada %s até ', upstream, coalesce('por ' || nullif(u.closed_by, 'enlace'), 'pelo enlace'));
    en := format('waits for the platform (%s), closed by %s until ', upstream, coalesce(u.closed_by, 'enlace'));
    if u.closed_until = 'infinity' then
      pt := pt || 'que uma pessoa a abra' || why_pt;
      en := en || 'a person opens it' || why_en;
    else
      pt := pt || enlace.clock_text(u.closed_until, 'pt') || case when u.probes then ', quando uma chamada a testará' else '' end || why_pt;
      en := en || enlace.clock_text(u.closed_until, 'en') || case when u.probes then ', when one call will try it' else '' end || why_en;
    end if;
  elsif u.probes and u.closed_until is not null then
    pt := format('aguarda a plataforma (%s), que uma chamada testa para ver se voltou%s', upstream, why_pt);
    en := format('waits for the platform (%s): one call is trying whether it is back%s', upstream, why_en);
  else
    select count(*) into queued from enlace.run r where r.upstream = upstream_words.upstream and r.worker is null and r.status = 'waiting';
    if enlace.upstream_state(u, at) = 'slowed' then
      until_ := enlace.upstream_back(u, at) + interval '16 seconds';
      pt := format('aguarda a sua vez na plataforma (%s), que volta aos poucos até %s; na fila: %s%s',
        upstream, enlace.clock_text(until_, 'pt'), queued, why_pt);
      en := format('waits its turn at the platform (%s), which comes back little by little until %s; in the queue: %s%s',
        upstream, enlace.clock_text(until_, 'en'), queued, why_en);
    elsif u.rate is not null or u.concurrency is not null then
      pt := format('aguarda a sua vez na plataforma (%s), limitada a %s; na fila: %s', upstream, concat_ws(' e ',
        -- Half a call is 0,5 in Portuguese, and up to one takes the singular.
        replace(u.rate::text, '.', ',') || case when u.rate < 2 then ' chamada por segundo' else ' chamadas por segundo' end,
        u.concurrency || case when u.concurrency = 1 then ' chamada por vez' else ' chamadas ao mesmo tempo' end), queued);
      en := format('waits its turn at the platform (%s), limited to %s; in the queue: %s', upstream, concat_ws(' and ',
        u.rate || case when u.rate = 1 then ' call a second' else ' calls a second' end,
        u.concurrency || case when u.concurrency = 1 then ' call at a time' else ' calls at once' end), queued);
    elsif due > at then
      pt := format('aguarda a sua vez na plataforma (%s), que está ocupada, até %s; na fila: %s', upstream, enlace.clock_text(due, 'pt'), queued);
      en := format('waits its turn at the platform (%s), which is busy, until %s; in the queue: %s', upstream, enlace.clock_text(due, 'en'), queued);
    else
      pt := format('aguarda a sua vez na plataforma (%s), que está ocupada; na fila: %s', upstream, queued);
      en := format('waits its turn at the platform (%s), which is busy; in the queue: %s', upstream, queued);
    end if;
  end if;
  return jsonb_build_object('pt', pt, 'en', en);
end $$;

revoke all on enlace.upstream_budget, enlace.upstream_share from public;
revoke all on function enlace.upstream_pause(int), enlace.upstream_back(enlace.upstream, timestamptz),
  enlace.upstream_ramp(interval), enlace.upstream_state(enlace.upstream, timestamptz),
  enlace.upstream_turn(text, uuid, int[], int, timestamptz), enlace.upstream_words(text, timestamptz) from public;
