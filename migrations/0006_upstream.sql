-- A stand-in until the upstreams' own migration takes this number: why a workflow waits for its upstream, in words, as 0003 said it.
create function enlace.upstream_words(upstream text, due timestamptz) returns jsonb language sql stable as $$
  select jsonb_build_object(
    'pt', format('aguarda a plataforma (%s), fechada por %s até %s: %s', $1, coalesce(u.closed_by, '?'),
      case when u.closed_until = 'infinity' then 'que uma pessoa a abra' else enlace.clock_text(coalesce(u.closed_until, $2)) end, u.reason),
    'en', format('waits for the platform (%s), closed by %s until %s: %s', $1, coalesce(u.closed_by, '?'),
      case when u.closed_until = 'infinity' then 'a person opens it' else enlace.clock_text(coalesce(u.closed_until, $2)) end, u.reason))
  from (select 1) one left join enlace.upstream u on u.id = $1
$$;
