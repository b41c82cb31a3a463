-- What the outside may call and look at: the payload checks, the workflow as one view, `explain`, `status`, and the role
-- that HubSoft's connections use. contract.md is the specification of this file.
--
-- It stands after 0002 because two of its functions look into `mapping`: a sync may name a project instead of an integration.
--
--   payload_fault   which key of a payload is wrong, and how               (one place for all kinds)
--   sync_payload    a sync's payload, with the integration filled in
--   admitted        the payload as it is stored, or SQLSTATE 22023         (a kind is admitted here or not at all)
--   outbox_insert   what happens at every insert into the outbox: checked, known already, or a reason to wake somebody
--   enqueue         the insert as a function; joins a sync that is under way (sync_under_way)
--   workflow        outbox, run, steps and end of a workflow, as one row
--   explain         why it is where it is, in one sentence, in two languages
--   status          what HubSoft asks
--
-- Why the checks are written out here rather than read from a table that the worker fills: HubSoft's insert must fail on a bad
-- payload when no worker runs, and must not pay for a look-up on a good one.

-- ---------------------------------------------------------------------------------------------------------------------
-- Payload checks. HubSoft's transaction fails at the insert, with SQLSTATE 22023 and the key's name in the message and in
-- the error's `column`, rather than an operator finding a workflow that can never run.

-- Names the key that is wrong with a payload, or returns null: `wanted` lists integer keys that must be there, `optional`
-- boolean keys that may be. Integers are positive and fit a bigint.
create function enlace.payload_fault(payload jsonb, wanted text[], optional text[], out key text, out fault text)
language plpgsql immutable as $$
begin
  if jsonb_typeof(payload) is distinct from 'object' then
    key := 'payload'; fault := 'must be a JSON object'; return;
  end if;
  foreach key in array wanted loop
    if not payload ? key then fault := 'is missing'; return; end if;
    if (payload -> key)::text !~ '^[1-9][0-9]{0,17}$' then fault := 'must be a positive whole number'; return; end if;
  end loop;
  foreach key in array optional loop
    if payload ? key and jsonb_typeof(payload -> key) <> 'boolean' then fault := 'must be true or false'; return; end if;
  end loop;
  select k into key from jsonb_object_keys(payload) k where k <> all (wanted || optional) order by k limit 1;
  if key is not null then
    fault := format('is not known here; known are %s', array_to_string(wanted || optional, ', '));
  end if;
end $$;

-- A sync names its integration, or the project that the integration fills; the stored payload names the integration, because
-- that is what it is ordered by.
create function enlace.sync_payload(payload jsonb) returns jsonb language plpgsql stable as $$
declare
  fault  record;
  filled bigint;
begin
  if jsonb_typeof(payload) is distinct from 'object' then
    fault := enlace.payload_fault(payload, '{}', '{}');
  elsif payload ? 'id_projeto' and not payload ? 'id_integracao' then
    fault := enlace.payload_fault(payload, '{id_projeto}', '{}');
    if fault.fault is null then
      select p.id_integracao_mapeamento into filled from mapping.project p where p.id_projeto = (payload ->> 'id_projeto')::bigint;
      if filled is null then
        raise exception using errcode = '22023', column = 'id_projeto',
          message = format('id_projeto: project %s has no integration', payload ->> 'id_projeto');
      end if;
      return payload || jsonb_build_object('id_integracao', filled);
    end if;
  else
    fault := enlace.payload_fault(payload - 'id_projeto', '{id_integracao}', '{}');
  end if;
  if fault.fault is not null then
    raise exception using errcode = '22023', column = fault.key, message = format('%s: %s', fault.key, fault.fault);
  end if;
  return payload;
end $$;

-- The payload as it is stored; raises 22023 for one that the kind does not take.
create function enlace.admitted(kind text, payload jsonb) returns jsonb language plpgsql stable as $$
declare
  fault record;
begin
  case kind
    when 'bind' then
      fault := enlace.payload_fault(payload, '{id_porta_atendimento,id_cliente_servico}', '{forcar_troca_porta,forcar_remocao_reserva}');
    when 'unbind' then
      fault := enlace.payload_fault(payload, '{id_porta_atendimento,id_cliente_servico}', '{}');
    when 'sync' then
      return enlace.sync_payload(payload);
    else
      raise exception using errcode = '22023', column = 'kind',
        message = format('kind: "%s" is not known; known are bind, sync, unbind', coalesce(kind, 'null'));
  end case;
  if fault.fault is not null then
    raise exception using errcode = '22023', column = fault.key, message = format('%s: %s', fault.key, fault.fault);
  end if;
  return payload;
end $$;

-- The sync of this integration that is under way or about to begin, if there is one (rule S1).
create function enlace.sync_under_way(payload jsonb) returns uuid language sql stable as $$
  select k.id from enlace.run_key k where k.key = 'integration:' || (payload ->> 'id_integracao') order by k.position limit 1
$$;

-- A good bind or unbind while a worker is awake is the common case, and all that it costs is the first expression: PL/pgSQL
-- prepares every expression anew in every transaction, so one large one is cheaper than three small ones.
create function enlace.outbox_insert() returns trigger language plpgsql
  security definer set search_path = pg_catalog, pg_temp as $$
declare
  known uuid;
begin
  if coalesce(new.kind in ('bind', 'unbind') and jsonb_typeof(new.payload) = 'object'
        and (new.payload -> 'id_porta_atendimento')::text ~ '^[1-9][0-9]{0,17}$'
        and (new.payload -> 'id_cliente_servico')::text ~ '^[1-9][0-9]{0,17}$'
        and new.payload - '{id_porta_atendimento,id_cliente_servico}'::text[] = '{}', false)
      and new.dedup_id is null
      and coalesce(pg_sequence_last_value('enlace.asleep_until'), 0) < extract(epoch from clock_timestamp()) * 1000 then
    return new;
  end if;
  new.payload := enlace.admitted(new.kind, new.payload);
  if new.kind = 'sync' and new.dedup_id is null and new.not_before is null and enlace.sync_under_way(new.payload) is not null then
    return null; -- joins the one under way: this row is not stored
  end if;
  if new.dedup_id is not null then
    insert into enlace.dedup (dedup_id, id) values (new.dedup_id, new.id) on conflict do nothing;
    select d.id into known from enlace.dedup d where d.dedup_id = new.dedup_id;
    if known <> new.id then
      return null; -- asked for before: that one stands, this row is not stored
    end if;
  end if;
  if pg_sequence_last_value('enlace.asleep_until') > extract(epoch from clock_timestamp()) * 1000 then
    perform pg_notify('enlace', '');
  end if;
  return new;
end $$;
-- One trigger, so that a plain insert and `enqueue` are the same.
create trigger outbox_insert before insert on enlace.outbox for each row execute function enlace.outbox_insert();

-- How HubSoft starts work inside its own transaction. Returns the workflow's id; with a `dedup_id` that was given before, the
-- id of the workflow that it started then. Raises 22023, naming the key, for a payload that the kind does not take. A row
-- that the trigger did not store stands for one that is there already.
create function enlace.enqueue(
  kind text, payload jsonb, dedup_id text default null, requested_by text default null,
  not_before timestamptz default null, traceparent text default null
) returns uuid language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  started uuid;
begin
  loop
    insert into enlace.outbox (kind, payload, dedup_id, requested_by, not_before, traceparent)
    values ($1, $2, $3, $4, $5, $6) returning id into started;
    exit when started is not null;
    select d.id into started from enlace.dedup d where d.dedup_id = $3;
    started := coalesce(started, enlace.sync_under_way(enlace.admitted($1, $2)));
    exit when started is not null; -- else the sync that was under way has ended since: this one is stored after all
  end loop;
  return started;
end $$;
comment on function enlace.enqueue is 'Starts a workflow when the calling transaction commits; returns its id';

-- ---------------------------------------------------------------------------------------------------------------------
-- The workflow as everyone sees it: one row for each outbox row, wherever it is by now.
--
-- The status is computed, so that it cannot disagree with the rows it comes from:
--   an end                      a row in `finished`
--   queued, not taken in        neither `run` nor `finished`: no worker has seen it
--   running                     a worker holds it, whatever it did before
--   waiting                     for a time or an upstream (`run.status`), or behind other work (`blockers`)
--   parked, paused, queued      as `run.status` says
-- The state is where the last recorded step led; before the first one, where the run began. `started_at` is the beginning of
-- its first attempt. Both are looked up by the primary key of `step`, and only for workflows that are asked for.
create view enlace.workflow as
select o.id, o.seq, o.kind, coalesce(f.version, r.version) as version,
       case when f.id is not null then f.status
            when r.id is null then 'queued'
            when r.worker is not null then 'running'
            when r.status = 'queued' and r.blockers > 0 then 'waiting'
            else r.status end as status,
       coalesce(f.state, s.next_state, r.state) as state,
       o.payload, f.result, coalesce(f.error, r.error) as error,
       o.requested_by, o.dedup_id, o.traceparent, o.enqueued_at as created_at,
       (select min(b.began_at) from enlace.step b where b.id = o.id and b.n = 1) as started_at,
       f.ended_at,
       case when f.id is null and r.worker is null and r.status in ('queued', 'waiting') and r.blockers = 0 then r.due_at end as next_at,
       r.parked, r.blockers, r.failures, r.upstream, r.worker, r.since, r.asked, (r.id is not null) as taken_in
from enlace.outbox o
left join enlace.run r on r.id = o.id
left join enlace.finished f on f.id = o.id
left join lateral (
  select n.next_state from enlace.step n where r.id is not null and n.id = r.id and n.next_state is not null order by n.n desc limit 1
) s on true;
comment on view enlace.workflow is 'Every workflow, wherever it is by now';

-- A time as the people of this product read it. Programs read `next_at` and the like, which are timestamps.
create function enlace.clock_text(at timestamptz) returns text language sql stable as
  $$ select to_char(at at time zone 'America/Sao_Paulo', 'DD/MM/YYYY HH24:MI:SS') $$;

-- Why it is where it is, in one sentence, from rows alone (G8): {pt, en}.
create function enlace.explain(w enlace.workflow) returns jsonb language plpgsql stable
  security definer set search_path = pg_catalog, pg_temp as $$
declare
  doing record;
  head  record;
  gate  record;
  who   text;
  words text := coalesce(w.error ->> 'message', '');
  pt    text;
  en    text;
begin
  select s.pt, s.en into doing from enlace.kind_state s where s.kind = w.kind and s.state = w.state;
  if w.ended_at is not null then
    -- An end says what it means for the network, not for the engine; a failure adds its reason.
    pt := coalesce(doing.pt, w.state) || case when words <> '' then ': ' || words else '' end;
    en := coalesce(doing.en, w.state) || case when words <> '' then ': ' || words else '' end;
    if w.status = 'cancelled' then
      pt := 'cancelado por uma pessoa'; en := 'cancelled by a person';
    elsif w.status = 'failed' then
      pt := 'desistiu: ' || words; en := 'gave up: ' || words;
    end if;
  elsif not w.taken_in then
    pt := 'confirmado pelo HubSoft; nenhum worker o recebeu ainda';
    en := 'committed by HubSoft; no worker has taken it in yet';
  elsif w.status = 'running' then
    select k.name into who from enlace.worker k where k.id = w.worker;
    pt := format('em execução por %s: %s', coalesce(who, 'um worker perdido'), coalesce(doing.pt, w.state));
    en := format('running on %s: %s', coalesce(who, 'a lost worker'), coalesce(doing.en, w.state));
  elsif w.status = 'parked' then
    -- A person is asked: since when, why, and in the words of whoever refused.
    pt := format('aguarda uma pessoa desde %s (%s): %s', enlace.clock_text(w.since),
      case w.parked when 'attempts_spent' then 'tentativas esgotadas' when 'rejected' then 'recusado'
        when 'outcome_unknown' then 'resultado desconhecido: foi feito ou não?' when 'approval' then 'aprovação'
        when 'bug' then 'defeito do enlace' when 'undecodable' then 'esta versão não o conhece'
        when 'going_in_circles' then 'anda em círculos' else w.parked end, words);
    en := format('waits for a person since %s (%s): %s', enlace.clock_text(w.since), replace(w.parked, '_', ' '), words);
  elsif w.status = 'paused' then
    pt := 'pausado: ' || words; en := 'paused: ' || words;
  elsif w.blockers > 0 then
    -- Of all that is ahead of it, the one that a person has to mend is named first: it is what holds the others, too.
    select h.id, hr.kind, k.key, hr.parked, hr.since into head
    from enlace.run me
    join enlace.run_key k on k.position = me.position
    cross join lateral (select f.id, f.position from enlace.run_key f where f.key = k.key order by f.position limit 1) h
    join enlace.run hr on hr.id = h.id
    where me.id = w.id and h.position < me.position
    order by (hr.parked is not null) desc, h.position limit 1;
    pt := format('aguarda o trabalho %s (%s), à sua frente em %s%s', head.id, head.kind, head.key,
      case when head.parked is not null then ', que aguarda uma pessoa desde ' || enlace.clock_text(head.since) else '' end);
    en := format('waits for workflow %s (%s), ahead of it on %s%s', head.id, head.kind, head.key,
      case when head.parked is not null then ', parked since ' || enlace.clock_text(head.since) else '' end);
  elsif w.upstream is not null then
    -- Not its own fault: the platform asked for a pause, or refused us, and is closed for all work to it (G7).
    select u.closed_until, u.reason, u.closed_by into gate from enlace.upstream u where u.id = w.upstream;
    pt := format('aguarda a plataforma (%s), fechada por %s até %s: %s', w.upstream, coalesce(gate.closed_by, '?'),
      case when gate.closed_until = 'infinity' then 'que uma pessoa a abra' else enlace.clock_text(coalesce(gate.closed_until, w.next_at)) end,
      coalesce(gate.reason, words));
    en := format('waits for the platform (%s), closed by %s until %s: %s', w.upstream, coalesce(gate.closed_by, '?'),
      case when gate.closed_until = 'infinity' then 'a person opens it' else enlace.clock_text(coalesce(gate.closed_until, w.next_at)) end,
      coalesce(gate.reason, words));
  elsif w.status = 'waiting' and w.failures > 0 then
    -- Its own failure: how often, what it was doing, and what was answered.
    pt := format('aguarda até %s depois da %sª falha ao %s: %s', enlace.clock_text(w.next_at), w.failures, coalesce(doing.pt, w.state), words);
    en := format('waits until %s after failure %s of "%s": %s', enlace.clock_text(w.next_at), w.failures, coalesce(doing.en, w.state), words);
  elsif w.next_at > enlace.now() then
    -- It asked to be called later, or its caller did (`not_before`).
    pt := format('aguarda até %s%s', enlace.clock_text(w.next_at), case when words <> '' then ': ' || words else '' end);
    en := format('waits until %s%s', enlace.clock_text(w.next_at), case when words <> '' then ': ' || words else '' end);
  else
    pt := 'na fila: o próximo worker livre o executa'; en := 'queued: the next free worker runs it';
  end if;
  return jsonb_build_object('pt', pt, 'en', en);
end $$;

-- ---------------------------------------------------------------------------------------------------------------------
-- The second thing that HubSoft may call.
create function enlace.status(id uuid)
returns table (kind text, status text, state text, explanation jsonb, result jsonb)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select w.kind, w.status, w.state, enlace.explain(w), w.result from enlace.workflow w where w.id = $1
$$;
comment on function enlace.status is 'How a workflow stands: kind, status, state, explanation {pt, en}, result';

-- HubSoft's connections use this role: it may start work and ask how it stands, and nothing else. Roles belong to the whole
-- cluster, so another database on it may have made it already.
do $$
begin
  create role enlace_client nologin;
exception when duplicate_object or unique_violation then
  null;
end $$;
-- Functions are everybody's by default in Postgres: not these. The two that are granted run with their owner's rights and a
-- fixed search path, so that whoever may call them can reach nothing else through them.
revoke all on all functions in schema enlace from public;
revoke all on all tables in schema enlace from public;
grant usage on schema enlace to enlace_client;
grant execute on function enlace.enqueue(text, jsonb, text, text, timestamptz, text), enlace.status(uuid) to enlace_client;
