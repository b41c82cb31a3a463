-- The payload as it is stored; fails, naming the key, for one that the kind does not take.
select enlace.admitted($1, $2)
