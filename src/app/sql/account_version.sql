-- Changes whenever an integration was edited or its upstream was closed or opened: what was made ready before is stale then.
select i.xmin::text || coalesce(' ' || u.changed_at::text, '')
from mapping.integration i left join enlace.upstream u on u.id = 'integration:' || i.id_integracao
where i.id_integracao = $1
