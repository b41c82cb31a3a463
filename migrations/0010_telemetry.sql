-- Traces: which trace a workflow belongs to (engine.md, *one trace per workflow*).
--
-- HubSoft may say to which trace its transaction belongs (`traceparent`, W3C trace context). A workflow then goes on in that
-- trace, as a child of the span that HubSoft named. Where HubSoft says nothing, or nothing that can be read, the trace is
-- the workflow's own: its id has as many bits as a trace id, so that every worker, before and after any restart, writes into
-- the same trace without having agreed on it, and a person can search the tracing system by the workflow's id.
--
-- The rule stands here alone: the API shows what these functions answer, and the export asks them.

-- The text, if it is one that may be followed; null otherwise. Version ff is forbidden, ids of zeros mean none, and version 00
-- has exactly four parts; later versions may append more, which is not for us to understand. A wrong one is no reason to refuse
-- work, so it is ignored rather than reported.
create function enlace.valid_traceparent(traceparent text) returns text language sql immutable parallel safe as $$
  select case when traceparent ~ '^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$'
               and (length(traceparent) = 55 or left(traceparent, 2) <> '00') then traceparent end $$;
comment on function enlace.valid_traceparent is 'A W3C traceparent, or null where it is none';

-- 32 hexadecimal digits: the caller's trace, or the workflow's own.
create function enlace.trace_id(id uuid, traceparent text) returns text language sql immutable parallel safe as $$
  select coalesce(split_part(enlace.valid_traceparent(traceparent), '-', 2), replace(id::text, '-', '')) $$;
comment on function enlace.trace_id is 'The trace that a workflow belongs to, whether or not traces are exported';
