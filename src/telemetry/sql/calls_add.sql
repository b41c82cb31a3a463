-- Adds calls to the present five minutes of each upstream in $1, and forgets those of the day before yesterday. $2: answered, $3: failed, $4: milliseconds.
with gone as (
  delete from enlace.call_count where at < enlace.now() - interval '2 days'
)
insert into enlace.call_count as c (upstream, at, answered, failed, milliseconds)
select u.upstream, date_bin('5 minutes', enlace.now(), 'epoch'), u.answered, u.failed, u.milliseconds
from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) as u (upstream, answered, failed, milliseconds)
on conflict (upstream, at) do update
set answered = c.answered + excluded.answered, failed = c.failed + excluded.failed, milliseconds = c.milliseconds + excluded.milliseconds
