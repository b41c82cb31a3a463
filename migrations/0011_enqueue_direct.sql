-- The same contract for HubSoft's call again, at the price of a plain insert.
--
--   outbox_direct   rows that `enqueue` has checked itself: a child of `outbox`, and so part of it for everyone who reads
--   enqueue         the common case, a good bind or unbind with nobody to wake: one condition, one insert without a trigger;
--                   everything else goes the way of a plain insert into `outbox`
--
-- What a plain insert into `outbox` costs beyond the row: its trigger (a call, and the row taken apart and put together), and
-- its CHECK constraints, whose stored form the executor parses anew for every statement. `enqueue` can know by itself that
-- they hold, so its rows go where there is neither. A child, because a trigger and a NO INHERIT constraint stop at the parent
-- while every query of `outbox`, an older worker's too, sees the child's rows.
--
-- What the condition costs was measured, too: in Postgres' regular expressions a bounded repetition ({0,17}) is six times as
-- dear as a jsonpath that says the same of both numbers at once.

-- ---------------------------------------------------------------------------------------------------------------------
-- The same constraints as before, for the parent's own rows alone. Not validated again: the rows that are there were checked
-- when they came.
alter table enlace.outbox
  drop constraint outbox_dedup_id_check, drop constraint outbox_requested_by_check,
  drop constraint outbox_traceparent_check, drop constraint outbox_payload_size,
  add constraint outbox_dedup_id_check check (length(dedup_id) between 1 and 200) no inherit not valid,
  add constraint outbox_requested_by_check check (length(requested_by) <= 200) no inherit not valid,
  add constraint outbox_traceparent_check check (length(traceparent) <= 64) no inherit not valid,
  add constraint outbox_payload_size check (pg_column_size(payload) <= 262144) no inherit not valid;

-- Columns and defaults are the parent's, in its order (`xid` before `seq`, which the intake relies on); an identity is not
-- inherited, so the child draws from the parent's sequence. Ids are random enough, and numbers drawn from one sequence, for
-- both tables to be unique together.
create table enlace.outbox_direct () inherits (enlace.outbox);
alter table enlace.outbox_direct alter column seq set default nextval('enlace.outbox_seq_seq'), add primary key (id);
-- As on the parent: the intake reads on by number, lists page by it, and searches go by block ranges.
create unique index outbox_direct_seq on enlace.outbox_direct (seq);
create index outbox_direct_search on enlace.outbox_direct using brin (
  enqueued_at,
  (payload ->> 'id_porta_atendimento') text_bloom_ops (n_distinct_per_range = 2000),
  (payload ->> 'id_cliente_servico') text_bloom_ops (n_distinct_per_range = 2000)
) with (pages_per_range = 64, autosummarize = on);
comment on table enlace.outbox_direct is 'Part of the outbox: rows that enlace.enqueue has checked itself. Append only';
revoke all on enlace.outbox_direct from public;

-- The condition is 0005's, said more cheaply. A strict path errs, and so is false, where the payload is no object, a key is
-- missing or its value is no number; a number of jsonb has a point if it is no whole one, or was not written as one.
create or replace function enlace.enqueue(
  kind text, payload jsonb, dedup_id text default null, requested_by text default null,
  not_before timestamptz default null, traceparent text default null
) returns uuid language plpgsql security definer as $$
declare
  started pg_catalog.uuid;
begin
  if coalesce($3 is null
        and ($1 operator(pg_catalog.=) 'bind'::pg_catalog.text or $1 operator(pg_catalog.=) 'unbind'::pg_catalog.text)
        and $2 operator(pg_catalog.@?) ('strict $ ? (@.id_porta_atendimento >= 1 && @.id_porta_atendimento < 1000000000000000000
              && @.id_cliente_servico >= 1 && @.id_cliente_servico < 1000000000000000000)')::pg_catalog.jsonpath
        and pg_catalog.strpos($2::pg_catalog.text, '.'::pg_catalog.text) operator(pg_catalog.=) 0
        and ($2 operator(pg_catalog.-) '{id_porta_atendimento,id_cliente_servico}'::pg_catalog.text[])
              operator(pg_catalog.=) '{}'::pg_catalog.jsonb
        and ($4 is null or pg_catalog.length($4) operator(pg_catalog.<=) 200)
        and ($6 is null or pg_catalog.length($6) operator(pg_catalog.<=) 64)
        and coalesce(pg_catalog.pg_sequence_last_value('enlace.asleep_until'::pg_catalog.regclass), 0::pg_catalog.int8)
              operator(pg_catalog.<) (pg_catalog.date_part('epoch'::pg_catalog.text, pg_catalog.clock_timestamp())
                operator(pg_catalog.*) 1000::pg_catalog.float8), false) then
    insert into enlace.outbox_direct (kind, payload, requested_by, not_before, traceparent)
    values ($1, $2, $4, $5, $6) returning id into started;
    return started;
  end if;
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
