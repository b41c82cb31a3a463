-- When the last sync of an integration that ended well did so (rule S1: whoever asked before that has joined it).
select max(r.ended_at) from mapping.sync_run r where r.id_integracao = $1 and r.phase = 'finished'
