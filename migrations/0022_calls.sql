-- Calls to platforms as the console draws them: so many in each five minutes of the last two days, and how many of them failed.
-- Metrics say the same and more, to whoever keeps them; an ISP without a metrics server sees from this that a platform answers,
-- since when it does not, and how fast.
create table enlace.call_count (
  upstream     text        not null,
  -- The beginning of the five minutes.
  at           timestamptz not null,
  answered     bigint      not null,
  -- No answer, 5xx, 429, 401 and 403: what a person would call "it does not work". A 404 or 409 is an answer.
  failed       bigint      not null,
  -- Of all of them together: the mean is what is drawn.
  milliseconds bigint      not null,
  primary key (upstream, at)
  -- Each worker adds its own every few seconds: the row of the present five minutes is rewritten, in place (no index on counts).
) with (fillfactor = 50);
comment on table enlace.call_count is 'Calls to each platform in five minutes: what the console draws of the last two days';
-- Nobody but enlace reads it.
revoke all on enlace.call_count from public;
