-- Deletes a few old rows that fitted into no week.
select enlace.history_sweep('step', b.before, $2::int) + enlace.history_sweep('finished', b.before, $2::int)
from (select enlace.lowest_id(enlace.now() - $1::int * interval '1 day') as before) b
