-- Ends a workflow that nobody holds.
with gone as (delete from enlace.run where id = $1 returning id, kind, version, state, error)
insert into enlace.finished (id, kind, version, status, state, error)
select g.id, g.kind, g.version, 'cancelled',
       coalesce((select s.next_state from enlace.step s where s.id = g.id and s.next_state is not null order by s.n desc limit 1), g.state), g.error
from gone g
