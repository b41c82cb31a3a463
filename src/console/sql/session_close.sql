-- Signs out: the session of the cookie hashed as $1.
delete from enlace.session where hash = $1
