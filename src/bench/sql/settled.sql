-- Whether the whole backlog is taken in, and all of it waits for its upstream or hangs in a call to it.
select (select upto from enlace.intake order by id desc limit 1) >= (select coalesce(max(seq), 0) from enlace.outbox)
   and not exists (select from enlace.run where worker is null and status <> 'waiting')
