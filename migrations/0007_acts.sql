-- What people may do to workflows (G12), and why each is where it is, in words that name them (G8).
--
--   run.hold       a pause: by whom, why, and to what the workflow goes back
--   edit           payloads that people changed before a retry; the outbox keeps what HubSoft asked for
--   act.bulk       which bulk act an act belongs to
--   bulk_act       one act on all workflows that match a filter: how far it is
--   workflow       the view, with the edited payload and the pause
--   words          one language of a message that holds both
--   clock_text     a time as readers of each language write it
--   explain        rewritten: the question that a person is asked, and who has decided what
--
-- Old workers live on beside it: they ignore `hold`, and a workflow with an edited payload, which only a person of this release
-- can make, is best retried after the old workers have stopped, because they would run it with the old payload.

-- ---------------------------------------------------------------------------------------------------------------------
-- {person, reason, at, status}: `status` is what it was before. The time at which it is due stays where it is, so that a
-- pause neither loses nor hastens it, and so do its ordering keys: whoever is behind it waits on (G4).
alter table enlace.run add column hold jsonb;

-- Appended by a retry with an edited payload: the last row of a workflow counts. A table of its own rather than a column of
-- `run`, because it must outlive the end, and because nearly no workflow has one: claiming pays one look into a small index.
create table enlace.edit (
  id      uuid        not null,
  -- Which edit of this workflow, from 1.
  n       int         not null,
  -- The act that made it, with person and reason.
  act     uuid        not null,
  payload jsonb       not null,
  primary key (id, n),
  -- The same bound as the outbox's.
  constraint edit_payload_size check (pg_column_size(payload) <= 262144)
);
comment on table enlace.edit is 'Payloads that people changed before a retry; the last one of a workflow counts. Append only';

-- ---------------------------------------------------------------------------------------------------------------------
-- Which bulk act it is a part of; null: a person acted on this one workflow. The audit of a bulk act is the rows that bear it.
alter table enlace.act add column bulk uuid;
create index act_bulk on enlace.act (bulk) where bulk is not null;

-- One act on many. Whichever process leads does it in batches: the row is held still, and the cursor moves on in the transaction
-- of the batch's acts. So nothing is done twice, and a crash costs no more than the batch that was under way.
create table enlace.bulk_act (
  id         uuid        primary key default enlace.uuid_v7(),
  action     text        not null,
  -- What the action takes besides a reason: {"outcome": "done"} of a resolve.
  argument   jsonb       not null default '{}',
  -- The parameters of the list, as they were given.
  filter     jsonb       not null,
  person     text        not null,
  reason     text        not null check (length(trim(reason)) > 0),
  -- Workflows a second, at most.
  pace       int         not null check (pace between 1 and 1000),
  -- Goes from the newest outbox row that there was when it was asked for down to the oldest: what is enqueued later is not
  -- meant. Everything from here on has been looked at.
  cursor     bigint      not null,
  -- How many matched when it was asked for; it may meet fewer, because some have moved on by themselves.
  total      bigint      not null,
  done       bigint      not null default 0,
  -- Left alone, because the act made no sense for them any more.
  skipped    bigint      not null default 0,
  -- Left as they were, because the database refused the act.
  failed     bigint      not null default 0,
  status     text        not null default 'running' check (status in ('running', 'paused', 'done', 'cancelled')),
  created_at timestamptz not null default enlace.now(),
  -- When the pace allows the next batch.
  next_at    timestamptz not null default enlace.now(),
  ended_at   timestamptz,
  constraint bulk_act_ended check ((status in ('done', 'cancelled')) = (ended_at is not null))
);
-- What the leader looks for, every second: almost always empty.
create index bulk_act_running on enlace.bulk_act (next_at) where status = 'running';
comment on table enlace.bulk_act is 'Acts on all workflows that match a filter, and how far each is';
revoke all on enlace.edit, enlace.bulk_act from public;

-- ---------------------------------------------------------------------------------------------------------------------
-- The view of 0003, with the payload that counts, the one that HubSoft sent where that is another, and the pause.
create or replace view enlace.workflow as
select o.id, o.seq, o.kind, coalesce(f.version, r.version) as version,
       case when f.id is not null then f.status
            when r.id is null then 'queued'
            when r.worker is not null then 'running'
            when r.status = 'queued' and r.blockers > 0 then 'waiting'
            else r.status end as status,
       coalesce(f.state, s.next_state, r.state) as state,
       coalesce(e.payload, o.payload) as payload, f.result, coalesce(f.error, r.error) as error,
       o.requested_by, o.dedup_id, o.traceparent, o.enqueued_at as created_at,
       (select min(b.began_at) from enlace.step b where b.id = o.id and b.n = 1) as started_at,
       f.ended_at,
       case when f.id is null and r.worker is null and r.status in ('queued', 'waiting') and r.blockers = 0 then r.due_at end as next_at,
       r.parked, r.blockers, r.failures, r.upstream, r.worker, r.since, r.asked, (r.id is not null) as taken_in,
       r.hold, case when e.id is not null then o.payload end as original
from enlace.outbox o
left join enlace.run r on r.id = o.id
left join enlace.finished f on f.id = o.id
left join lateral (
  select n.next_state from enlace.step n where r.id is not null and n.id = r.id and n.next_state is not null order by n.n desc limit 1
) s on true
left join lateral (
  select d.id, d.payload from enlace.edit d where d.id = o.id order by d.n desc limit 1
) e on true;

-- ---------------------------------------------------------------------------------------------------------------------
-- Failures say what they have to say in Portuguese, " / ", and English, in one text. Where what is said holds that mark too, it
-- stands in both halves, so the middle one parts the languages. A text without it is the same in both. A platform's own words
-- follow once, in [«…»], whatever they hold, and belong to both languages.
create function enlace.words(message text, lang text) returns text language sql immutable as $$
  select case
    when cardinality(parts) % 2 = 1 then message
    when lang = 'pt' then array_to_string(parts[:cardinality(parts) / 2], ' / ') || quoted
    else array_to_string(parts[cardinality(parts) / 2 + 1:], ' / ') || quoted end
  from coalesce(substring(message from ' \[«.*$'), '') quoted, string_to_array(left(message, length(message) - length(quoted)), ' / ') parts
$$;

-- Day before month is how Brazilians write it; in English that would be read the other way round by half of the world.
create function enlace.clock_text(at timestamptz, lang text) returns text language sql stable set timezone = 'America/Sao_Paulo' as
  $$ select to_char(at, case lang when 'pt' then 'DD/MM/YYYY HH24:MI:SS' else 'YYYY-MM-DD HH24:MI:SSTZH:TZM' end) $$;

-- What a parked workflow asks a person: {pt, en}. The question first, then what it is about: whoever reads a hundred of them
-- sees at the beginning of the line what to decide. What this build cannot read asks nobody: a deploy answers it (G10).
create function enlace.question(w enlace.workflow) returns jsonb language plpgsql stable as $$
declare
  -- What is done where it stands, and what was done in the write whose outcome is unknown.
  doing record;
  wrote record;
  pt text := enlace.words(coalesce(w.error ->> 'message', ''), 'pt');
  en text := enlace.words(coalesce(w.error ->> 'message', ''), 'en');
begin
  select s.pt, s.en into doing from enlace.kind_state s where s.kind = w.kind and s.state = w.state;
  case w.parked
    when 'outcome_unknown' then
      select coalesce(k.pt, s.state) as pt, coalesce(k.en, s.state) as en into wrote
      from enlace.step s left join enlace.kind_state k on k.kind = w.kind and k.state = s.state
      where s.id = w.id and s.outcome in ('unknown', 'lost') order by s.n desc, s.attempt desc limit 1;
      return jsonb_build_object(
        'pt', format('isto foi feito ou não: %s? Não se sabe, e olhar não resolveu: %s', coalesce(wrote.pt, doing.pt, w.state), pt),
        'en', format('was this done or not: %s? It is not known, and looking could not settle it: %s', coalesce(wrote.en, doing.en, w.state), en));
    when 'approval' then
      return jsonb_build_object('pt', 'aprovar ou recusar? ' || pt, 'en', 'approve or refuse? ' || en);
    when 'undecodable' then
      return jsonb_build_object(
        'pt', 'esta versão do enlace não consegue lê-lo; uma que consiga o retoma: ' || pt,
        'en', 'this version of enlace cannot read it; one that can takes it up again: ' || en);
    else
      return jsonb_build_object(
        'pt', format('tentar de novo? %s: %s', format(case w.parked when 'attempts_spent' then 'Tentativas esgotadas ao %s'
          when 'rejected' then 'Recusado ao %s' when 'bug' then 'Defeito do enlace ao %s'
          when 'going_in_circles' then 'Anda em círculos, agora em "%s"' else w.parked || ' ao %s' end, coalesce(doing.pt, w.state)), pt),
        'en', format('try again? %s: %s', format(case w.parked when 'attempts_spent' then 'The attempts are spent at "%s"'
          when 'rejected' then 'Rejected at "%s"' when 'bug' then 'A defect of enlace at "%s"'
          when 'going_in_circles' then 'It goes in circles, now at "%s"' else w.parked || ' at "%s"' end, coalesce(doing.en, w.state)), en));
  end case;
end $$;

-- What was asked of the worker that holds a workflow: {pt, en}, to be appended.
create function enlace.asked_words(asked jsonb) returns jsonb language sql immutable as $$
  select jsonb_build_object(
    'pt', format('; %s pediu para %s (%s): o worker o fará entre dois passos', asked ->> 'person',
      case asked ->> 'act' when 'cancel' then 'cancelar' else 'pausar' end, asked ->> 'reason'),
    'en', format('; %s asked to %s it (%s): the worker will do so between two steps', asked ->> 'person', asked ->> 'act', asked ->> 'reason'))
$$;

-- How it ended: {pt, en}. An end says what it means for the network, not for the engine; a failure adds its reason.
create function enlace.end_words(w enlace.workflow) returns jsonb language plpgsql stable as $$
declare
  doing record;
  act   record;
  words text := coalesce(w.error ->> 'message', w.result ->> 'reason', '');
  pt    text := enlace.words(words, 'pt');
  en    text := enlace.words(words, 'en');
begin
  if w.status = 'cancelled' then
    select a.person, a.reason into act from enlace.act a where a.run_id = w.id and a.act = 'cancel' order by a.id desc limit 1;
    return jsonb_build_object(
      'pt', format('cancelado por %s', coalesce(act.person || ': ' || act.reason, 'uma pessoa')),
      'en', format('cancelled by %s', coalesce(act.person || ': ' || act.reason, 'a person')));
  end if;
  select s.pt, s.en into doing from enlace.kind_state s where s.kind = w.kind and s.state = w.state;
  if w.status = 'failed' then
    return jsonb_build_object('pt', format('desistiu ao %s: %s', coalesce(doing.pt, w.state), pt),
      'en', format('gave up at "%s": %s', coalesce(doing.en, w.state), en));
  end if;
  return jsonb_build_object(
    'pt', coalesce(doing.pt, w.state) || case when words <> '' then ': ' || pt else '' end,
    'en', coalesce(doing.en, w.state) || case when words <> '' then ': ' || en else '' end);
end $$;

-- What is ahead of a workflow in its keys: {pt, en}. Of all that is, the one that a person has to see to is named first: it is
-- what holds the others, too.
create function enlace.ahead_words(workflow uuid) returns jsonb language sql stable as $$
  select jsonb_build_object(
    'pt', format('aguarda o trabalho %s (%s), à sua frente em %s%s', h.id, h.kind, h.key,
      case h.status when 'parked' then ', que aguarda uma pessoa desde ' || enlace.clock_text(h.since, 'pt')
        when 'paused' then format(', pausado por %s desde %s: %s', h.hold ->> 'person', enlace.clock_text((h.hold ->> 'at')::timestamptz, 'pt'), h.hold ->> 'reason')
        else '' end),
    'en', format('waits for workflow %s (%s), ahead of it on %s%s', h.id, h.kind, h.key,
      case h.status when 'parked' then ', parked since ' || enlace.clock_text(h.since, 'en')
        when 'paused' then format(', paused by %s since %s: %s', h.hold ->> 'person', enlace.clock_text((h.hold ->> 'at')::timestamptz, 'en'), h.hold ->> 'reason')
        else '' end))
  from (
    select head.id, hr.kind, k.key, hr.status, hr.since, hr.hold
    from enlace.run me
    join enlace.run_key k on k.position = me.position
    cross join lateral (select f.id, f.position from enlace.run_key f where f.key = k.key order by f.position limit 1) head
    join enlace.run hr on hr.id = head.id
    where me.id = workflow and head.position < me.position
    order by (hr.status in ('parked', 'paused')) desc, head.position limit 1
  ) h
$$;

-- Why it is where it is, in one sentence, from rows alone (G8): {pt, en}.
create or replace function enlace.explain(w enlace.workflow) returns jsonb language plpgsql stable
  security definer set search_path = pg_catalog, pg_temp as $$
declare
  doing   record;
  decided record;
  who     text;
  said    jsonb := '{}';
  words   text := coalesce(w.error ->> 'message', '');
  pt      text;
  en      text;
begin
  if w.ended_at is not null then
    return enlace.end_words(w);
  elsif not w.taken_in then
    return jsonb_build_object('pt', 'confirmado pelo HubSoft; nenhum worker o recebeu ainda',
      'en', 'committed by HubSoft; no worker has taken it in yet');
  end if;
  select s.pt, s.en into doing from enlace.kind_state s where s.kind = w.kind and s.state = w.state;
  if w.status = 'running' then
    select k.name into who from enlace.worker k where k.id = w.worker;
    -- A worker without a row has lost its lease: somebody takes its work over within seconds (G5).
    pt := format('em execução %s: %s', coalesce('no worker ' || who, 'num worker que se perdeu; outro o assume'), coalesce(doing.pt, w.state));
    en := format('running on %s: %s', coalesce('worker ' || who, 'a worker that was lost; another one takes over'), coalesce(doing.en, w.state));
  elsif w.status = 'parked' then
    said := enlace.question(w);
    pt := format('aguarda uma pessoa desde %s: %s', enlace.clock_text(w.since, 'pt'), said ->> 'pt');
    en := format('waits for a person since %s: %s', enlace.clock_text(w.since, 'en'), said ->> 'en');
  elsif w.status = 'paused' then
    pt := format('pausado por %s desde %s: %s', coalesce(w.hold ->> 'person', '?'),
      enlace.clock_text(coalesce((w.hold ->> 'at')::timestamptz, w.since), 'pt'), coalesce(w.hold ->> 'reason', enlace.words(words, 'pt')));
    en := format('paused by %s since %s: %s', coalesce(w.hold ->> 'person', '?'),
      enlace.clock_text(coalesce((w.hold ->> 'at')::timestamptz, w.since), 'en'), coalesce(w.hold ->> 'reason', enlace.words(words, 'en')));
  elsif w.blockers > 0 then
    said := coalesce(enlace.ahead_words(w.id), jsonb_build_object('pt', 'aguarda outro trabalho', 'en', 'waits for other work'));
    pt := said ->> 'pt'; en := said ->> 'en';
  elsif w.upstream is not null then
    -- Not its own fault: the platform asked for a pause, or refused us, or has too much to do, for all work to it (G7).
    said := enlace.upstream_words(w.upstream, w.next_at);
    pt := said ->> 'pt'; en := said ->> 'en';
  elsif w.status = 'waiting' and w.failures > 0 and w.next_at > enlace.now() then
    -- Its own failure: how often, what it was doing, and what was answered.
    pt := format('aguarda até %s depois da %sª falha ao %s: %s', enlace.clock_text(w.next_at, 'pt'), w.failures,
      coalesce(doing.pt, w.state), enlace.words(words, 'pt'));
    en := format('waits until %s after failure %s of "%s": %s', enlace.clock_text(w.next_at, 'en'), w.failures,
      coalesce(doing.en, w.state), enlace.words(words, 'en'));
  elsif w.next_at > enlace.now() then
    -- It asked to be called later, or its caller did (`not_before`).
    pt := format('aguarda até %s%s', enlace.clock_text(w.next_at, 'pt'), case when words <> '' then ': ' || enlace.words(words, 'pt') else '' end);
    en := format('waits until %s%s', enlace.clock_text(w.next_at, 'en'), case when words <> '' then ': ' || enlace.words(words, 'en') else '' end);
  else
    pt := 'na fila: o próximo worker livre o executa'; en := 'queued: the next free worker runs it';
    -- Somebody's decision is the last thing that happened to it.
    select s.error into decided from enlace.step s where s.id = w.id order by s.n desc, s.attempt desc limit 1;
    if decided.error ->> 'class' = 'person' then
      pt := format('na fila por decisão de uma pessoa (%s): o próximo worker livre o executa', enlace.words(decided.error ->> 'message', 'pt'));
      en := format('queued by a person''s decision (%s): the next free worker runs it', enlace.words(decided.error ->> 'message', 'en'));
    end if;
  end if;
  if w.asked is not null then
    said := enlace.asked_words(w.asked);
    pt := pt || (said ->> 'pt'); en := en || (said ->> 'en');
  end if;
  return jsonb_build_object('pt', pt, 'en', en);
end $$;

-- Nobody outside calls these (0003 says why); `explain` does, with its owner's rights.
revoke all on function enlace.words(text, text), enlace.clock_text(timestamptz, text), enlace.question(enlace.workflow),
  enlace.asked_words(jsonb), enlace.end_words(enlace.workflow), enlace.ahead_words(uuid) from public;
