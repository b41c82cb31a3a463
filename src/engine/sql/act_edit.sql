-- Keeps an edited payload, from now on the one that counts.
insert into enlace.edit (id, n, act, payload) select $1, (select count(*) + 1 from enlace.edit e where e.id = $1), $2, $3
