-- Registers a worker.
insert into enlace.worker (name, build, lease_until) values ($1, $2, enlace.now() + $3 * interval '1 second') returning id, enlace.now() as now
