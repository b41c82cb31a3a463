-- Forgets requests that are older than a day, and with them what their answers say of people.
delete from enlace.request where at < enlace.now() - interval '1 day'
