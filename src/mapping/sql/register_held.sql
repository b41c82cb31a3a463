-- The reservations of those who were found there stand for a sync that is under way, too (rule S7).
insert into mapping.sync_seen (run, kind, external_id)
select r.run, n.kind, n.external_id
from mapping.sync_seen n
join mapping.sync_run r on r.id_integracao = $2 and r.run <> $1 and r.ended_at is null
where n.run = $1 and n.kind = 'reservation'
order by r.run, n.external_id
on conflict do nothing
