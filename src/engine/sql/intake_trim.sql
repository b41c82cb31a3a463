-- Drops old rows of the intake's log; the last thousand stay for people who look.
delete from enlace.intake where id < $1 - 1000
