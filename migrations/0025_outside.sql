-- What was found by reading the contract once more as somebody outside would.
--
--   sync_payload      both keys of a sync are checked, and must mean the same
--   sync_under_way    knows the syncs that no worker has taken in yet, too (rule S1)
--   numbers_follow    a number that HubSoft gives a row itself is not drawn once more
--   port_work_ended   a port whose work was called off or waived is not *pending* for ever (rule B10)
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
