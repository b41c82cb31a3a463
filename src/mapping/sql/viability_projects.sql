-- The project that is asked about ($1), or all (null), with the integration that fills each (rule V1).
select p.id_projeto, p.nome, p.data_sincronizacao_completa is not null as synced,
       i.id_integracao, i.platform, i.name, i.active
from mapping.project p
left join mapping.integration i on i.id_projeto = p.id_projeto
where $1::bigint is null or p.id_projeto = $1
order by p.id_projeto
