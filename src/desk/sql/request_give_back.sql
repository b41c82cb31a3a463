-- Gives a key back whose request was refused.
delete from enlace.request where token = $1 and key = $2 and status is null
