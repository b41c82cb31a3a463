-- An integration, as far as operations look at it.
select i.id_integracao, i.platform, i.name, i.active, i.id_projeto, i.elements,
       coalesce(i.settings @> '{"keep_home": true}', false) as keep_home
from mapping.integration i
where i.id_integracao = $1
