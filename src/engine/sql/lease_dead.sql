-- Whether any worker's lease has run out.
select exists (select from enlace.worker where lease_until < enlace.now())
