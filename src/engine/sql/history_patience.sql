-- How long this transaction waits for a lock.
select set_config('lock_timeout', '100ms', true)
