-- Records a tick: what it started, or that it was skipped.
insert into enlace.tick (schedule, at, outcome, run_id) values ($1, $2, case when $3::uuid is null then 'skipped' else 'started' end, $3)
