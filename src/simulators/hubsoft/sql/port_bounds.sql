-- The lowest and the highest port, where to draw from; zeros as long as no sync has gone through a project.
select coalesce(min(id_porta_atendimento), 0), coalesce(max(id_porta_atendimento), 0)
from mapping.port
where exists (
  select from mapping.project
  where id_integracao_mapeamento is not null and data_sincronizacao_completa is not null
)
