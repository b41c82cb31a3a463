-- Takes a duty that nobody has. Who finds that somebody has it writes nothing.
insert into enlace.leader as l (duty, term, name, lease_until)
select $1, 1, $2, enlace.now() + $3 * interval '1 second'
where not exists (select from enlace.leader t where t.duty = $1 and t.lease_until > enlace.now())
on conflict (duty) do update set term = l.term + 1, name = excluded.name, lease_until = excluded.lease_until where l.lease_until <= enlace.now()
returning term
