-- The same contract for HubSoft's insert, at a lower price: HubSoft pays for our check in each of its transactions.
--
--   outbox_insert        the common case, a good bind or unbind with nobody to wake, in one expression
--   outbox_insert_rare   everything else, as 0003 had it
--   standing             the workflow that an insert which stored nothing stands for
--   enqueue              one statement and one question
--
-- What costs: a fixed `search_path` is set and reset at each call, and PL/pgSQL prepares each expression of a function anew in
-- each transaction. (A trigger's WHEN is no way out: the executor parses its stored form anew for every statement, which for an
-- expression of this size takes longer than the function.) So the two functions on the common path have no `search_path` of
-- their own, and for that name every operator, function and type with its schema: nothing in them is looked up by the caller's.

-- The outbox's defaults call these two. Written this way their names are resolved once, here; the text that they were before
-- would be resolved by whoever inserts.
create or replace function enlace.now() returns timestamptz language sql volatile
  return clock_timestamp() + coalesce(pg_sequence_last_value('enlace.clock_shift'), 0) * interval '1 millisecond';
create or replace function enlace.uuid_v7() returns uuid language sql volatile parallel safe
  return encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
           placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
           52, 1), 53, 1), 'hex')::uuid;

create function enlace.outbox_insert_rare(inout entry enlace.outbox) language plpgsql
  security definer set search_path = pg_catalog, pg_temp as $$
declare
  known uuid;
begin
  entry.payload := enlace.admitted(entry.kind, entry.payload);
  if entry.kind = 'sync' and entry.dedup_id is null and entry.not_before is null and enlace.sync_under_way(entry.payload) is not null then
    entry := null; return; -- joins the one under way: this row is not stored
  end if;
  if entry.dedup_id is not null then
    insert into enlace.dedup (dedup_id, id) values (entry.dedup_id, entry.id) on conflict do nothing;
    select d.id into known from enlace.dedup d where d.dedup_id = entry.dedup_id;
    if known <> entry.id then
      entry := null; return; -- asked for before: that one stands, this row is not stored
    end if;
  end if;
  if pg_sequence_last_value('enlace.asleep_until') > extract(epoch from clock_timestamp()) * 1000 then
    perform pg_notify('enlace', '');
  end if;
end $$;

create or replace function enlace.outbox_insert() returns trigger language plpgsql security definer as $$
begin
  if coalesce(new.dedup_id is null
        and new.kind operator(pg_catalog.=) any ('{bind,unbind}'::pg_catalog.text[])
        and pg_catalog.jsonb_typeof(new.payload) operator(pg_catalog.=) 'object'::pg_catalog.text
        and (new.payload operator(pg_catalog.->) 'id_porta_atendimento'::pg_catalog.text)::pg_catalog.text
              operator(pg_catalog.~) '^[1-9][0-9]{0,17}$'::pg_catalog.text
        and (new.payload operator(pg_catalog.->) 'id_cliente_servico'::pg_catalog.text)::pg_catalog.text
              operator(pg_catalog.~) '^[1-9][0-9]{0,17}$'::pg_catalog.text
        and (new.payload operator(pg_catalog.-) '{id_porta_atendimento,id_cliente_servico}'::pg_catalog.text[])
              operator(pg_catalog.=) '{}'::pg_catalog.jsonb
        and coalesce(pg_catalog.pg_sequence_last_value('enlace.asleep_until'::pg_catalog.regclass), 0::pg_catalog.int8)
              operator(pg_catalog.<) (pg_catalog.date_part('epoch'::pg_catalog.text, pg_catalog.clock_timestamp())
                operator(pg_catalog.*) 1000::pg_catalog.float8), false) then
    return new;
  end if;
  return enlace.outbox_insert_rare(new);
end $$;
-- The trigger set a search_path of its own so far.
alter function enlace.outbox_insert() reset search_path;

create function enlace.standing(kind text, payload jsonb, dedup_id text) returns uuid language sql volatile
  security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce((select d.id from enlace.dedup d where d.dedup_id = $3), enlace.sync_under_way(enlace.admitted($1, $2)))
$$;

create or replace function enlace.enqueue(
  kind text, payload jsonb, dedup_id text default null, requested_by text default null,
  not_before timestamptz default null, traceparent text default null
) returns uuid language plpgsql security definer as $$
declare
  started pg_catalog.uuid;
begin
  insert into enlace.outbox (kind, payload, dedup_id, requested_by, not_before, traceparent)
  values ($1, $2, $3, $4, $5, $6) returning id into started;
  if not found then
    started := enlace.standing($1, $2, $3);
    while started is null loop -- the sync that was under way has ended since: this one is stored after all
      insert into enlace.outbox (kind, payload, dedup_id, requested_by, not_before, traceparent)
      values ($1, $2, $3, $4, $5, $6) returning id into started;
      started := coalesce(started, enlace.standing($1, $2, $3));
    end loop;
  end if;
  return started;
end $$;
alter function enlace.enqueue(text, jsonb, text, text, timestamptz, text) reset search_path;

revoke all on function enlace.outbox_insert_rare(enlace.outbox), enlace.standing(text, jsonb, text) from public;
