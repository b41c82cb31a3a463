-- Renews a leader's lease. Also one that has run out, while nobody else has begun a term.
update enlace.leader set lease_until = enlace.now() + $3 * interval '1 second' where duty = $1 and term = $2
