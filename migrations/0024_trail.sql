-- The trail: which work touched a port or a service, whatever the history's size.
--
--   trail        a port's or service's number, and the outbox's numbers of the work that names it
--   trail_mark   up to where the outbox was read for it
--   trail_keys   what a payload names
--   trail_of     the outbox's numbers of all work that names one of these, in the trail or not yet
--
-- Until now that was searched for in the outbox's block ranges (0004, 0015). A range's filter cannot say how few rows it stands
-- for, so the planner would not believe that few come of it, and read all ten million: 3 s for a port's page. A B-tree on
-- the outbox would be paid for by HubSoft, in each of its transactions. So one process at a time writes the trail, behind the
-- intake and in large sorted batches (`src/desk/trail.rs`); what it has not reached is looked through as it stands.
--
-- Old workers know none of it and lose nothing by it. Rows that they forget leave their marks behind, which lead nowhere.
create table enlace.trail (
  number bigint not null,
  -- p: id_porta_atendimento; s: id_cliente_servico.
  sort   "char" not null,
  seq    bigint not null,
  -- By number first: where there are only ports yet, a planner would take the sort alone for enough.
  primary key (number, sort, seq)
);
comment on table enlace.trail is 'Which work names a port (p) or a service (s)';

create table enlace.trail_mark (
  only_one boolean primary key default true check (only_one),
  upto     bigint not null
);
insert into enlace.trail_mark (upto) values (0);
comment on table enlace.trail_mark is 'Up to which number of the outbox the trail is written';

-- Each once, though a migrate may name a port twice. What is no whole number names nothing.
create function enlace.trail_keys(payload jsonb) returns table (sort "char", number bigint) language sql immutable parallel safe as $$
  select distinct k.sort::"char", v.value::bigint
  from (values ('p', 'id_porta_atendimento'), ('p', 'id_porta_atendimento_antiga'),
               ('s', 'id_cliente_servico'), ('s', 'id_cliente_servico_antigo')) k (sort, name)
  cross join lateral (select payload ->> k.name as value) v
  where v.value ~ '^[1-9][0-9]{0,17}$'
$$;

-- The order by the outbox's number is what makes the planner take the index for what is not written yet (0023).
create function enlace.trail_of(ports bigint[], services bigint[]) returns setof bigint language sql stable rows 20 as $$
  select t.seq from enlace.trail t where t.sort = 'p' and t.number = any (ports)
  union
  select t.seq from enlace.trail t where t.sort = 's' and t.number = any (services)
  union
  select o.seq
  from (select m.upto, ports::text[] as ports, services::text[] as services from enlace.trail_mark m limit 1) sought
  cross join lateral (select b.seq, b.payload from enlace.outbox b where b.seq > sought.upto order by b.seq) o
  where o.payload ->> 'id_porta_atendimento' = any (sought.ports) or o.payload ->> 'id_porta_atendimento_antiga' = any (sought.ports)
     or o.payload ->> 'id_cliente_servico' = any (sought.services) or o.payload ->> 'id_cliente_servico_antigo' = any (sought.services)
$$;

revoke all on enlace.trail, enlace.trail_mark from public;
revoke all on function enlace.trail_keys(jsonb), enlace.trail_of(bigint[], bigint[]) from public;
