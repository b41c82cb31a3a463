-- A sync of the integration ($1) that is under way may have passed the pages on which these elements would have been: at its end
-- it must not take them for gone (rule S8). Written before the elements themselves and in order, as a page of that sync does:
-- of two that hold what the other one wants, one would have to begin anew.
insert into mapping.sync_seen (run, kind, external_id)
select r.run, u.kind, u.external_id
from mapping.sync_run r
cross join (select distinct t.kind, t.external_id from unnest($2::text[], $3::text[]) as t (kind, external_id)) u
where r.id_integracao = $1 and r.ended_at is null
order by r.run, u.kind, u.external_id
on conflict do nothing
