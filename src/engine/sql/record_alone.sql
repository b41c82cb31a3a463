-- Nothing but the attempts of record_steps.sql; one row, if the worker has its lease.
select from me
