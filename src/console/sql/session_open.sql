-- Opens a session for the token $2, and removes those that ran out. $1: the cookie's hash. $3: what its forms carry. $4, $5: seconds.
with gone as (
  delete from enlace.session
  where last_seen_at < enlace.now() - $4 * interval '1 second' or created_at < enlace.now() - $5 * interval '1 second'
)
insert into enlace.session (hash, token, csrf) values ($1, $2, $3)
