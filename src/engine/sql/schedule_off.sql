-- Switches a schedule off that cannot be read, saying why.
update enlace.schedule set active = false, note = $2 where id = $1
