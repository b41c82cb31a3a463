-- From HubSoft's commit to the end on the platform, of each integration's last changes: half of them took no longer than the
-- first figure, 19 of 20 no longer than the second, in seconds. Looks at the newest 1000 ends alone, whatever their kinds.
with newest as materialized (
  select f.id, f.kind, f.status, f.ended_at from enlace.finished f order by f.id desc limit 1000
)
select p.id_integracao_mapeamento as id_integracao,
       percentile_disc(0.5) within group (order by t.seconds) as half,
       percentile_disc(0.95) within group (order by t.seconds) as most
from newest n
join enlace.outbox o on o.id = n.id
cross join lateral (select extract(epoch from n.ended_at - enlace.id_time(n.id))::float8 as seconds) t
join mapping.port h on h.id_porta_atendimento = (o.payload ->> 'id_porta_atendimento')::bigint
join mapping.box b on b.id_caixa_optica = h.id_caixa_optica
join mapping.project p on p.id_projeto = b.id_projeto
where n.kind in ('bind', 'unbind', 'migrate', 'retirement') and n.status = 'succeeded' and p.id_integracao_mapeamento is not null
group by 1
