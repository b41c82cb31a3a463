-- What an account is made ready from, secrets still closed; locked by who is about to change it.
select i.platform, i.name, i.parameters, i.settings, i.secrets from mapping.integration i where i.id_integracao = $1
