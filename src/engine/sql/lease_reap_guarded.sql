-- Ends the leases of dead workers, as lease_reap.sql does, by a delete that holds only while the lease is out.
delete from enlace.worker where lease_until < enlace.now() returning id
