-- Takes a place in the order in which workflows are taken in, without taking any in: only one can append the next row (G4).
insert into enlace.intake (id, upto, gaps, gap_xids) select i.id + 1, i.upto, i.gaps, i.gap_xids from enlace.intake i order by i.id desc limit 1
returning id
