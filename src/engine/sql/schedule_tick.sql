-- Records a tick: what came of it, and the workflow that it started or joined.
insert into enlace.tick (schedule, at, outcome, run_id) values ($1, $2, $3, $4)
