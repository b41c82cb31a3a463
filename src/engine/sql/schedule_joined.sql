-- Whether a workflow was there before this transaction: a start then joined it.
select coalesce((select o.xid <> pg_current_xact_id() from enlace.outbox o where o.id = $1), true)
