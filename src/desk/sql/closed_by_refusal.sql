-- Whether enlace itself closed an upstream until a person opens it, which it does where credentials are refused; and whether
-- its integration is active.
select exists (
  select from enlace.upstream u join mapping.integration i on i.id_integracao = $2 and i.active
  where u.id = $1 and u.closed_until = 'infinity' and u.closed_by = 'enlace')
