-- How an unfinished workflow stands, held still for an act.
select status, position, worker is not null as held, parked from enlace.run where id = $1 for update
