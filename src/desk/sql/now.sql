-- The database's time.
select enlace.now()
