-- Stores a new token by its hash.
insert into enlace.token (name, role, hash)
values ($1, $2, $3)
returning id, name, role, created_at, last_used_at, revoked_at
