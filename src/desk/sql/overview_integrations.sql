-- Each integration with its upstream's state, its last sync and the one under way, and how long its changes took last.
select i.id_integracao, i.name, i.platform, i.active, p.nome as project,
       u.state, u.closed_until, u.until_opened, u.reason,
       (select count(*) from enlace.run r where r.upstream = 'integration:' || i.id_integracao) as waiting,
       running.run as sync_id, running.phase, running.begun_at as sync_begun_at,
       last.run as last_sync_id, last.ended_at as last_sync_at, last.error as last_sync_error
from mapping.integration i
left join mapping.project p on p.id_integracao_mapeamento = i.id_integracao
cross join lateral (
  select coalesce(enlace.upstream_state(u, t.now), 'open') as state, u.reason,
         case when u.closed_until > t.now then nullif(u.closed_until, 'infinity') end as closed_until,
         coalesce(u.closed_until = 'infinity', false) as until_opened
  from (select enlace.now() as now) t left join enlace.upstream u on u.id = 'integration:' || i.id_integracao
) u
left join lateral (
  select s.run, s.phase, s.begun_at from mapping.sync_run s
  where s.id_integracao = i.id_integracao and s.ended_at is null order by s.begun_at desc limit 1
) running on true
left join lateral (
  select s.run, s.ended_at, s.error from mapping.sync_run s
  where s.id_integracao = i.id_integracao and s.ended_at is not null order by s.begun_at desc limit 1
) last on true
order by i.id_integracao
