-- How long a list may take.
set local statement_timeout = '10s'
