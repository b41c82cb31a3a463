-- Locks the first of the 5,000 ports from $1 up that is free ($2 false) or held ($2 true), on an attendance splitter of a project that
-- an active integration fills and a sync has gone through; answers it and its occupant.
--
-- A port that was blocked by hand on the platform is no port to sell. The contract does not promise the column, so it is
-- looked for by name.
select p.id_porta_atendimento, p.id_cliente_servico
from mapping.port p
join mapping.splitter s on s.id_splitter = p.id_splitter and s.role = 'attendance' and s.missing_since is null
join mapping.box b on b.id_caixa_optica = p.id_caixa_optica and b.missing_since is null
join mapping.project project on project.id_projeto = b.id_projeto and project.data_sincronizacao_completa is not null
join mapping.integration i on i.id_projeto = project.id_projeto and i.active
where p.id_porta_atendimento between $1 and $1 + 4999
  and (p.id_cliente_servico is not null) = $2
  and not p.reservado
  and p.missing_since is null
  and (to_jsonb(p) ->> 'blocked') is distinct from 'true'
order by p.id_porta_atendimento
limit 1
for update of p skip locked
