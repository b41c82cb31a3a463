-- From HubSoft's commit to the end on the platform, of each integration's last changes: half of them took no longer than the
-- first figure, 19 of 20 no longer than the second, in seconds. Looks at the newest 500 changes alone.
with newest as (
  select f.id, extract(epoch from f.ended_at - enlace.id_time(f.id))::float8 as seconds
  from enlace.finished f
  where f.kind in ('bind', 'unbind', 'migrate', 'retirement') and f.status = 'succeeded'
  order by f.id desc
  limit 500
)
select p.id_integracao_mapeamento as id_integracao,
       percentile_disc(0.5) within group (order by n.seconds) as half,
       percentile_disc(0.95) within group (order by n.seconds) as most
from newest n
join enlace.outbox o on o.id = n.id
join mapping.port t on t.id_porta_atendimento = (o.payload ->> 'id_porta_atendimento')::bigint
join mapping.box b on b.id_caixa_optica = t.id_caixa_optica
join mapping.project p on p.id_projeto = b.id_projeto
where p.id_integracao_mapeamento is not null
group by 1
