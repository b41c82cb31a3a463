-- Slow platforms: where turns are given singly (below 8 a second), each call keeps its distance from the one before.
--
-- GeoGrid takes about one call a second of a whole account, and integrators pause for 0.9 to 1 s (platforms/geogrid.md). A turn
-- that was asked for late let the next one come up to a tenth of a second sooner: 0.9 s after it, where a platform that counts
-- strictly refuses, and then nobody may call for a minute. Now no turn comes sooner, and each a fiftieth later: so much varies
-- the time from a turn to its call.
--
-- The function is 0006's, but for the two lines that say `u.rate < 8`.

create or replace function enlace.upstream_turn(
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
    gap := case when u.rate < 8 then interval '1.02 seconds' else interval '1 second' end / u.rate;
    if b.next_at > at then
      calls := 0; seconds := extract(epoch from b.next_at - at);
    else
      -- Above that asked a little late is not lost, up to a tenth of a second; but a rest is not saved up for a rush.
      b.next_at := greatest(b.next_at, case when u.rate < 8 then at else at - least(gap, interval '100 milliseconds') end);
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
