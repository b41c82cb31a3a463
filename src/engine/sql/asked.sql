-- What people asked of workflows that this worker holds.
select id, asked from enlace.run where worker = $1 and asked is not null
