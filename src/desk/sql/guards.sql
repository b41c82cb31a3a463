-- Syncs that wait for a person's word on what would vanish (rule S9), the oldest first: all of them, or the one of id $1.
select r.id, o.id_integracao, i.name as integration_name, i.platform, o.id_projeto, j.nome as projeto, o.begun_at, r.since,
       enlace.explain(w) as explained
from enlace.run r
join enlace.workflow w on w.id = r.id
join mapping.sync_run o on o.run = r.id
left join mapping.integration i on i.id_integracao = o.id_integracao
left join mapping.project j on j.id_projeto = o.id_projeto
where r.kind = 'sync' and r.status = 'parked' and r.parked = 'approval' and ($1::uuid is null or r.id = $1)
order by r.since, r.id
limit 200
