-- Gives a duty back.
update enlace.leader set lease_until = enlace.now() where duty = $1 and term = $2
