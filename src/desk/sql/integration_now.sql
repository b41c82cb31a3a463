-- How an integration stands, without its secrets, for the audit.
select jsonb_build_object('platform', i.platform, 'name', i.name, 'active', i.active, 'parameters', i.parameters,
  'settings', i.settings, 'elements', i.elements, 'id_projeto', i.id_projeto)
from mapping.integration i where i.id_integracao = $1
