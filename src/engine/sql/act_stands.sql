-- How a workflow stands, wherever it is, as far as it decides which acts make sense.
select w.kind, w.status, w.state, w.parked, w.blockers, w.asked, w.taken_in from enlace.workflow w where w.id = $1
