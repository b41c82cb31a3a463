-- Which of the platform's boxes ($2) the project ($1) does not have, in the order given (rule V2). One that is marked missing
-- and that the platform shows is lacking, too; so is one whose splitters a sync that is under way has not come to yet.
select u.external_id
from mapping.project p
cross join unnest($2::text[]) with ordinality as u (external_id, place)
left join lateral (
  select b.id_caixa_optica from mapping.box b
  where b.id_projeto = p.id_projeto and b.external_id = u.external_id and b.missing_since is null
  limit 1
) b on true
where p.id_projeto = $1
  and (b.id_caixa_optica is null or (p.em_sincronizacao and not exists (
    select from mapping.splitter s where s.id_caixa_optica = b.id_caixa_optica)))
order by u.place
