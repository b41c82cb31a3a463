-- Wakes idle workers.
select pg_notify('enlace', '')
