-- The time by which everything here goes.
select enlace.now()
