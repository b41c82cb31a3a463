-- Whether there is a project of this id, and the name of the integration other than $2 that fills it.
select i.name from mapping.project p
left join mapping.integration i on i.id_projeto = p.id_projeto and i.id_integracao <> $2
where p.id_projeto = $1
