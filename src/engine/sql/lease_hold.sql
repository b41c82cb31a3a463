-- Holds a worker's lease still, if it has one: what it writes beside attempts counts only under it (G5).
select from enlace.worker where id = $1 and lease_until > enlace.now() for key share
