-- Holds a leader's row still, if its term lasts.
select term from enlace.leader where duty = $1 and term = $2 and lease_until > enlace.now() for share
