-- Registers a worker, with what its build knows.
insert into enlace.worker (name, build, knows, lease_until) values ($1, $2, $4, enlace.now() + $3 * interval '1 second')
returning id, enlace.now() as now
