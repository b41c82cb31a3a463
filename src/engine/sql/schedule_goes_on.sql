-- Whether the workflow that this schedule started last has not ended yet; not asked of kinds that join what is under way.
select not enlace.joins($2) and exists (
  select from (select t.run_id from enlace.tick t where t.schedule = $1 and t.run_id is not null order by t.at desc limit 1) last
  where not exists (select from enlace.finished f where f.id = last.run_id)
)
