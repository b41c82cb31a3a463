-- How long a batch waits for a lock, and takes: its rows are held meanwhile, and workers want them.
select set_config('lock_timeout', '300ms', true), set_config('statement_timeout', '10s', true)
