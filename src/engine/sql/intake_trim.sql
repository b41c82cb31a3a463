-- Drops old rows of the intake's log; the last thousand stay for people who look. Not from the beginning: what was dropped
-- before still lies in the index while somebody holds a snapshot. Ten turns, in case some were missed.
delete from enlace.intake where id >= $1 - 11000 and id < $1 - 1000
