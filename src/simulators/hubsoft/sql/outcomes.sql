-- How the work of $1 stands, and what the ports of $2 (one for each) show of their transmission.
select asked.id, s.status, s.explanation ->> 'pt' as pt, s.explanation ->> 'en' as en, p.transmission
from unnest($1::uuid[], $2::bigint[]) as asked (id, port)
cross join lateral enlace.status(asked.id) s
left join mapping.port p on p.id_porta_atendimento = asked.port
