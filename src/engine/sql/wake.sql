-- Wakes workers that sleep.
select pg_notify('enlace', '')
