-- What one process at a time does, and which does it now.
select l.duty, l.name, l.lease_until from enlace.leader l where l.lease_until > enlace.now() order by l.duty
