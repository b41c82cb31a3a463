-- Limits an upstream.
insert into enlace.upstream (id, rate, concurrency) values ($1, $2, $3)
on conflict (id) do update set rate = excluded.rate, concurrency = excluded.concurrency
