-- Limits an upstream. The next turn comes when the new rate says so, however far away the old one had put it.
with turn as (
  update enlace.upstream_budget set next_at = least(next_at, enlace.now() + interval '1.02 seconds' / $2::float8) where upstream = $1 and $2::float8 is not null
)
insert into enlace.upstream (id, rate, concurrency) values ($1, $2, $3)
on conflict (id) do update set rate = excluded.rate, concurrency = excluded.concurrency
