-- Renews a lease that has not run out.
update enlace.worker set lease_until = enlace.now() + $2 * interval '1 second' where id = $1 and lease_until > enlace.now() returning enlace.now() as now
