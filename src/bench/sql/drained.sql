-- Whether everything that was enqueued has ended.
select not exists (select from enlace.run)
   and (select upto from enlace.intake order by id desc limit 1) >= (select coalesce(max(seq), 0) from enlace.outbox)
