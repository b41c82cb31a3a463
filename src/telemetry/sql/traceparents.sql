-- What callers said of the traces of these workflows, where it can be followed.
select o.id, enlace.valid_traceparent(o.traceparent) as traceparent from enlace.outbox o where o.id = any ($1)
