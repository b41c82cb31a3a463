-- Why nobody takes what could go on (G8, G10): a queued workflow said that the next free worker runs it also where there is no
-- worker, or none whose build knows it.
--
--   hands_words   what is missing, as the end of a sentence; nothing while somebody is there who may take it
--   explain       as in 0007, and that

-- ---------------------------------------------------------------------------------------------------------------------
-- A worker of a build before 0008 does not say what it knows; it is taken to know everything, as it does itself. What nobody has
-- taken in has no version yet: whoever knows the kind may.
create function enlace.hands_words(w enlace.workflow) returns jsonb language plpgsql stable
  security definer set search_path = pg_catalog, pg_temp as $$
declare
  -- The newest version that has had it in its hands: an older build never gets it back.
  version int := coalesce((select coalesce(r.form, r.version) from enlace.run r where r.id = w.id), 0);
begin
  if not exists (select from enlace.worker k where k.lease_until > enlace.now()) then
    return jsonb_build_object('pt', '; nenhum worker está no ar: inicie um (enlace serve)',
      'en', '; no worker is up: start one (enlace serve)');
  elsif not exists (select from enlace.worker k where k.lease_until > enlace.now()
      and (k.knows is null or (k.knows ->> w.kind)::int >= version)) then
    return jsonb_build_object('pt', format('; nenhum worker no ar conhece "%s"%s: atualize-os', w.kind, ' na versão ' || nullif(version, 0)),
      'en', format('; no worker that is up knows "%s"%s: update them', w.kind, ' in version ' || nullif(version, 0)));
  end if;
  return jsonb_build_object('pt', '', 'en', '');
end $$;

-- The two sentences that end so: not taken in, and queued. All else is as it was.
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
    said := enlace.hands_words(w);
    return jsonb_build_object('pt', 'confirmado pelo HubSoft; nenhum worker o recebeu ainda' || (said ->> 'pt'),
      'en', 'committed by HubSoft; no worker has taken it in yet' || (said ->> 'en'));
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
    said := enlace.hands_words(w);
    pt := pt || (said ->> 'pt'); en := en || (said ->> 'en');
  end if;
  if w.asked is not null then
    said := enlace.asked_words(w.asked);
    pt := pt || (said ->> 'pt'); en := en || (said ->> 'en');
  end if;
  return jsonb_build_object('pt', pt, 'en', en);
end $$;

-- Nobody outside calls it (0003 says why); `explain` does, with its owner's rights.
revoke all on function enlace.hands_words(enlace.workflow) from public;
