-- Finished workflows as they look after a while: over the last 80 days, each with its outbox row, which names one of a million
-- ports, three steps and its end.
with made as (
  select overlay(encode(uuid_send(enlace.lowest_id(clock_timestamp() - (g % 80) * interval '1 day' + g * interval '1 microsecond')), 'hex')
           placing substr(md5(g::text), 1, 19) from 14)::uuid as id, g
  from generate_series($1::bigint + 1, $1::bigint + $2::bigint) g
), outbox as (
  insert into enlace.outbox (id, kind, payload) select id, 'bench', jsonb_build_object('order', g, 'id_porta_atendimento', 1 + g * 7919 % 1000000, 'pad', repeat('x', 220)) from made
), steps as (
  insert into enlace.step (id, n, attempt, state, outcome, next_state, began_at, ended_at)
  select id, n, 1, 'step', 'done', 'step', enlace.id_time(id), enlace.id_time(id) from made, generate_series(1, 3) n
)
insert into enlace.finished (id, kind, version, status, state, result, ended_at)
select id, 'bench', 1, 'succeeded', 'done', '{"state": "done"}', enlace.id_time(id) from made
