-- What was found by reading the contract once more as somebody outside would.
--
--   sync_payload      both keys of a sync are checked, and must mean the same
--   sync_under_way    knows the syncs that no worker has taken in yet, too (rule S1)
--   numbers_follow    a number that HubSoft gives a row itself is not drawn once more
--   port_work_ended   a port whose work was called off or waived is not *pending* for ever (rule B10)
--   upstream_turn     where one call a second is allowed, two never come closer than that
--
-- Old workers lose nothing by it: no column changes, and what they call answers in the same form.

-- ---------------------------------------------------------------------------------------------------------------------
-- A project beside an integration was let through unread.
create or replace function enlace.sync_payload(payload jsonb) returns jsonb language plpgsql stable as $$
declare
  fault  record;
  filled bigint;
begin
  if jsonb_typeof(payload) is distinct from 'object' then
    fault := enlace.payload_fault(payload, '{}', '{}');
  elsif payload ? 'id_projeto' then
    fault := enlace.payload_fault(payload - 'id_integracao', '{id_projeto}', '{}');
    if fault.fault is null and payload ? 'id_integracao' then
      fault := enlace.payload_fault(payload - 'id_projeto', '{id_integracao}', '{}');
    end if;
    if fault.fault is null then
      select p.id_integracao_mapeamento into filled from mapping.project p where p.id_projeto = (payload ->> 'id_projeto')::bigint;
      if filled is null then
        raise exception using errcode = '22023', column = 'id_projeto',
          message = format('id_projeto: project %s has no integration', payload ->> 'id_projeto');
      elsif (payload ->> 'id_integracao')::bigint <> filled then
        raise exception using errcode = '22023', column = 'id_projeto',
          message = format('id_projeto: project %s is filled by integration %s, not by %s', payload ->> 'id_projeto', filled, payload ->> 'id_integracao');
      end if;
      return payload || jsonb_build_object('id_integracao', filled);
    end if;
  else
    fault := enlace.payload_fault(payload, '{id_integracao}', '{}');
  end if;
  if fault.fault is not null then
    raise exception using errcode = '22023', column = fault.key, message = format('%s: %s', fault.key, fault.fault);
  end if;
  return payload;
end $$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Rule S1. What was asked for a moment ago is no run yet; and who asks in the same moment waits for the other to commit, so that
-- they are given the same one.
create or replace function enlace.sync_under_way(payload jsonb) returns uuid language plpgsql volatile as $$
begin
  perform from mapping.integration i where i.id_integracao = ($1 ->> 'id_integracao')::bigint for no key update;
  return coalesce(
    (select k.id from enlace.run_key k where k.key = 'integration:' || ($1 ->> 'id_integracao') order by k.position limit 1),
    (select n.id from enlace.not_taken_in n
     where n.kind = 'sync' and n.payload ->> 'id_integracao' = $1 ->> 'id_integracao' order by n.seq limit 1));
end $$;

-- ---------------------------------------------------------------------------------------------------------------------
-- 0002 lets HubSoft load rows with numbers of its own; the ones that are drawn for a sync's rows then met those, and such a row
-- was left out without a word. The argument is the column.
create function mapping.numbers_follow() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  numbers regclass := pg_get_serial_sequence(format('%I.%I', tg_table_schema, tg_table_name), tg_argv[0]);
  highest bigint;
begin
  execute format('select max(%I) from added', tg_argv[0]) into highest;
  if highest > coalesce(pg_sequence_last_value(numbers), 0) then
    perform setval(numbers, highest);
  end if;
  return null;
end $$;
revoke all on function mapping.numbers_follow() from public;

do $$
declare
  t record;
begin
  for t in select * from (values ('project', 'id_projeto'), ('integration', 'id_integracao'), ('box', 'id_caixa_optica'), ('splitter', 'id_splitter'),
                                 ('port', 'id_porta_atendimento'), ('pole', 'id_poste'), ('cable', 'id_cabo')) v (name, number) loop
    execute format('create trigger %I after insert on mapping.%I referencing new table as added
                    for each statement execute function mapping.numbers_follow(%L)', t.name || '_numbers_follow', t.name, t.number);
    execute format('select setval(pg_get_serial_sequence(%L, %L), m.highest) from (select max(%I) as highest from mapping.%I) m
                    where m.highest > coalesce(pg_sequence_last_value(pg_get_serial_sequence(%L, %L)::regclass), 0)',
                   'mapping.' || t.name, t.number, t.number, t.name, 'mapping.' || t.name, t.number);
  end loop;
end $$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Rule B10. Work that a person calls off or waives ends from outside, between two of its steps: what its first step wrote stood for
-- ever, and a sync leaves a port alone as long as it says that something is on its way. Other work for the port goes on saying so.
-- As in 0017 a trigger of each row, whose condition nearly all ends pay for by one comparison.
create function mapping.port_work_ended() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  update mapping.port p
  set transmission = 'failed',
      transmission_error = case new.status when 'cancelled' then 'cancelado por uma pessoa antes de ser enviado / called off by a person before it was sent'
                                           else 'terminou sem ser enviado / it ended without being sent' end
  from enlace.outbox o
  cross join lateral (
    select (o.payload ->> 'id_porta_atendimento')::bigint as port
    union select (o.payload ->> 'id_porta_atendimento_antiga')::bigint
    union select jsonb_array_elements_text(o.payload -> 'outras_portas')::bigint
  ) t
  where o.id = new.id and p.id_porta_atendimento = t.port and p.transmission = 'pending'
    and not exists (select from enlace.run_key k where k.key = 'port:' || t.port and k.id <> new.id);
  return null;
end $$;
revoke all on function mapping.port_work_ended() from public;
create trigger finished_port_work_ended after insert on enlace.finished
  for each row when (new.status in ('cancelled', 'not_applicable') and new.kind in ('bind', 'unbind', 'migrate', 'retirement'))
  execute function mapping.port_work_ended();

-- Those that were called off before this was here.
update mapping.port p
set transmission = 'failed', transmission_error = 'terminou sem ser enviado / it ended without being sent'
where p.transmission = 'pending'
  and not exists (select from enlace.run_key k where k.key = 'port:' || p.id_porta_atendimento)
  and not exists (select from enlace.not_taken_in n
                  where p.id_porta_atendimento::text in (n.payload ->> 'id_porta_atendimento', n.payload ->> 'id_porta_atendimento_antiga'));

-- ---------------------------------------------------------------------------------------------------------------------
-- As in 0006, but for slow accounts (GeoGrid: one call a second). A tenth of a second that was not used brought the next call as much
-- closer, and so does the network: a platform that counts strictly then refuses it, and the account is closed for a minute. Where no
-- more than one a second is allowed nothing is made up for, and each comes a fiftieth later than it might.
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
    gap := interval '1 second' / u.rate * case when u.rate > 1 then 1 else 1.02 end;
    if b.next_at > at then
      calls := 0; seconds := extract(epoch from b.next_at - at);
    else
      -- Asked a little late is not lost, up to a tenth of a second; but a rest is not saved up for a rush.
      b.next_at := greatest(b.next_at, at - case when u.rate > 1 then least(gap, interval '100 milliseconds') else interval '0' end);
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
