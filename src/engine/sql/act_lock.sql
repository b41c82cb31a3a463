-- Holds an unfinished workflow still for an act.
select id from enlace.run where id = $1 for update
