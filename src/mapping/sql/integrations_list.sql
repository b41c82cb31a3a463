-- Integrations as people see them, without their secrets: the one of id $1, or a page of those after $2.
select i.id_integracao, i.platform, i.name, i.active, i.parameters, i.settings, i.elements, p.id_projeto, p.nome as projeto
from mapping.integration i
left join mapping.project p on p.id_projeto = i.id_projeto
where (i.id_integracao = $1 or $1 is null) and i.id_integracao > $2
order by i.id_integracao
limit $3
