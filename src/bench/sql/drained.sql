-- Whether everything that was enqueued has ended: while some of it is not even taken in, `run` need not be looked at.
select case when (select upto from enlace.intake order by id desc limit 1) < (select coalesce(max(seq), 0) from enlace.outbox)
            then false else not exists (select from enlace.run) end
