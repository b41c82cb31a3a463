-- Two more kinds: migrate (rule B4) and retirement (rule B5).
--
--   payload_fault        as in 0003, with numbers that may be left out
--   ports_of             the ports on which HubSoft says a service sits, held still until the caller's transaction ends
--   migrate_payload      a migrate's payload, with the ports that it does not name filled in
--   retirement_payload   a retirement's, with the order's service and its ports filled in
--   admitted             as in 0003, and these two
--   the searches         find work by the service that left and the port that it left, too
--
-- Why ports are filled in here: a workflow is ordered by its ports and services (rule B7), its keys come from its payload, and
-- the payload is what HubSoft's transaction commits. What a worker looks up later may have changed by then, and somebody else's
-- work for the port may have passed. So they are looked up in that transaction, as a sync's integration is, and the rows that
-- were found are locked until it ends: nobody moves the service between the look and the commit.
--
-- Older workers do not know the two kinds and leave them alone (0008, `worker.knows`).

-- ---------------------------------------------------------------------------------------------------------------------
-- Like `payload_fault` of 0003 for `wanted` and `flags`; `numbers` are integer keys that may be left out. A function of its own,
-- not one with another argument: that one is on the way of every bind that is not a plain one.
create function enlace.payload_fault(payload jsonb, wanted text[], numbers text[], flags text[], out key text, out fault text)
language plpgsql immutable as $$
begin
  if jsonb_typeof(payload) is distinct from 'object' then
    key := 'payload'; fault := 'must be a JSON object'; return;
  end if;
  select f.key, f.fault into key, fault from enlace.payload_fault(payload - numbers, wanted, flags) f;
  if fault like 'is not known here%' then
    fault := format('is not known here; known are %s', array_to_string(wanted || numbers || flags, ', '));
  elsif key is null then
    select n, 'must be a positive whole number' into key, fault
    from unnest(numbers) n where payload ? n and (payload -> n)::text !~ '^[1-9][0-9]{0,17}$' limit 1;
  end if;
end $$;

-- Raises 22023 for a key, as `admitted` does: SQLSTATE, the key in `column` and before the colon.
create function enlace.refuse(key text, fault text) returns void language plpgsql volatile as $$
begin
  raise exception using errcode = '22023', column = key, message = format('%s: %s', key, fault);
end $$;

-- In the order of their numbers, so that two transactions that look at the same ones wait instead of deadlocking. Shared: several
-- may look at once, and HubSoft's own locks of the same transaction are stronger.
create function enlace.ports_of(service bigint) returns bigint[] language sql volatile as $$
  select coalesce(array_agg(p.id_porta_atendimento), '{}') from (
    select o.id_porta_atendimento from mapping.port o
    where o.id_cliente_servico = $1 order by o.id_porta_atendimento for share
  ) p
$$;

-- HubSoft may have changed its rows already, in this transaction, or leave that to the workflow's first step (over HTTP). Which of
-- the two it is shows on the new service's port:
--
--   the new service sits there    HubSoft has done its part. Where the old one sits by HubSoft is where it is to stay, and
--                                 the port that it left, where it is another and not named, is for the platform to tell.
--   it does not                   the old service is still where it was: that is the port that it leaves and, where none
--                                 is named, the port that the new one takes.
create function enlace.migrate_payload(payload jsonb) returns jsonb language plpgsql volatile as $$
declare
  fault  record;
  old    bigint;
  new    bigint;
  target bigint;
  leaves bigint;
  sits   bigint[];
begin
  fault := enlace.payload_fault(payload, '{id_cliente_servico_antigo,id_cliente_servico}',
    '{id_porta_atendimento,id_porta_atendimento_antiga}', '{forcar_troca_porta,forcar_remocao_reserva}');
  if fault.key is not null then
    perform enlace.refuse(fault.key, fault.fault);
  end if;
  old := payload ->> 'id_cliente_servico_antigo'; new := payload ->> 'id_cliente_servico';
  target := payload ->> 'id_porta_atendimento'; leaves := payload ->> 'id_porta_atendimento_antiga';
  if old = new then
    perform enlace.refuse('id_cliente_servico', 'must be another service than id_cliente_servico_antigo');
  end if;
  sits := enlace.ports_of(old);
  if target is null then
    -- The old one's port; where HubSoft has put the new one there already, its.
    target := leaves;
    if target is null then
      sits := case when sits = '{}' then enlace.ports_of(new) else sits end;
      if cardinality(sits) <> 1 then
        perform enlace.refuse('id_porta_atendimento', case cardinality(sits)
          when 0 then format('is missing, and service %s sits on no port: name the one that service %s takes', old, new)
          else format('is missing, and service %s sits on ports %s: name one', old, array_to_string(sits, ', ')) end);
      end if;
      target := sits[1];
      sits := enlace.ports_of(old);
    end if;
    payload := payload || jsonb_build_object('id_porta_atendimento', target);
  end if;
  if leaves is null and not exists (
    select from mapping.port p where p.id_porta_atendimento = target and p.id_cliente_servico = new
  ) then
    leaves := case when target = any (sits) then target else sits[1] end;
    if not target = any (sits) and cardinality(sits) > 1 then
      perform enlace.refuse('id_porta_atendimento_antiga',
        format('is missing, and service %s sits on ports %s: name the one that it leaves', old, array_to_string(sits, ', ')));
    elsif leaves is not null then
      payload := payload || jsonb_build_object('id_porta_atendimento_antiga', leaves);
    end if;
  end if;
  return payload;
end $$;

-- Whether the order is finished, and a removal at all, is asked when its turn comes: HubSoft may well enqueue first and close the
-- order afterwards, in the same transaction. An order that is not there is stored all the same, and ends as *not applicable*.
-- `id_porta_atendimento` may be given where HubSoft has cleared its port already; what else is filled in may be given again, so
-- that a person who edits a stored payload need not know what was typed and what was found.
create function enlace.retirement_payload(payload jsonb) returns jsonb language plpgsql volatile as $$
declare
  fault   record;
  service bigint;
  ports   bigint[];
begin
  fault := enlace.payload_fault(case jsonb_typeof(payload) when 'object' then payload - 'outras_portas' else payload end,
    '{id_ordem_servico}', '{id_porta_atendimento,id_cliente_servico}', '{}');
  if fault.key is not null then
    perform enlace.refuse(fault.key, fault.fault);
  end if;
  select o.id_cliente_servico into service from hubsoft.service_order o
  where o.id_ordem_servico = (payload ->> 'id_ordem_servico')::bigint;
  if (payload ->> 'id_cliente_servico')::bigint <> service then
    perform enlace.refuse('id_cliente_servico', format('order %s is of service %s: leave it out', payload ->> 'id_ordem_servico', service));
  end if;
  ports := enlace.ports_of(service);
  if payload ? 'id_porta_atendimento' then
    ports := (payload ->> 'id_porta_atendimento')::bigint || array_remove(ports, (payload ->> 'id_porta_atendimento')::bigint);
  end if;
  return jsonb_strip_nulls(payload - 'outras_portas' || jsonb_build_object(
    'id_cliente_servico', service, 'id_porta_atendimento', ports[1],
    'outras_portas', case when cardinality(ports) > 1 then to_jsonb(ports[2:]) end));
end $$;

-- The payload as it is stored, as in 0003; volatile now, because two kinds lock what they look up.
create or replace function enlace.admitted(kind text, payload jsonb) returns jsonb language plpgsql volatile as $$
declare
  fault record;
begin
  case kind
    when 'bind' then
      fault := enlace.payload_fault(payload, '{id_porta_atendimento,id_cliente_servico}', '{forcar_troca_porta,forcar_remocao_reserva}');
    when 'unbind' then
      fault := enlace.payload_fault(payload, '{id_porta_atendimento,id_cliente_servico}', '{}');
    when 'migrate' then
      return enlace.migrate_payload(payload);
    when 'retirement' then
      return enlace.retirement_payload(payload);
    when 'sync' then
      return enlace.sync_payload(payload);
    else
      raise exception using errcode = '22023', column = 'kind',
        message = format('kind: "%s" is not known; known are bind, migrate, retirement, sync, unbind', coalesce(kind, 'null'));
  end case;
  if fault.fault is not null then
    perform enlace.refuse(fault.key, fault.fault);
  end if;
  return payload;
end $$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Work is searched for by port and service (0004): a migrate is found by those that were left, too. Block ranges, as there, and
-- nothing to pay where the keys are missing; on both tables, because a search that finds no index on one reads all of it.
create index outbox_left on enlace.outbox using brin (
  (payload ->> 'id_porta_atendimento_antiga') text_bloom_ops (n_distinct_per_range = 2000),
  (payload ->> 'id_cliente_servico_antigo') text_bloom_ops (n_distinct_per_range = 2000)
) with (pages_per_range = 64, autosummarize = on);
create index outbox_direct_left on enlace.outbox_direct using brin (
  (payload ->> 'id_porta_atendimento_antiga') text_bloom_ops (n_distinct_per_range = 2000),
  (payload ->> 'id_cliente_servico_antigo') text_bloom_ops (n_distinct_per_range = 2000)
) with (pages_per_range = 64, autosummarize = on);

-- Nobody outside calls these (0003 says why); `enqueue` does, with its owner's rights.
revoke all on function enlace.payload_fault(jsonb, text[], text[], text[]), enlace.refuse(text, text), enlace.ports_of(bigint),
  enlace.migrate_payload(jsonb), enlace.retirement_payload(jsonb) from public;
