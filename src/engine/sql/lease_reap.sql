-- Ends the leases of dead workers. One that is inside a transaction is left for the next round: the server ends such a
-- transaction after some seconds.
delete from enlace.worker where id in (select id from enlace.worker where lease_until < enlace.now() for update skip locked)
returning id
