-- What people did, newest first; $8: this one alone; $10: of an integration, its upstream and its syncs.
select a.id, a.act, a.run_id, a.bulk, a.person, a.reason, a.at, a.before, a.after
from enlace.act a
where ($1::text is null or a.person = $1) and ($2::text is null or a.act = $2)
  and ($3::uuid is null or a.run_id = $3) and ($4::uuid is null or a.bulk = $4)
  and ($5::timestamptz is null or a.at >= $5) and ($6::timestamptz is null or a.at < $6)
  and ($7::uuid is null or a.id < $7) and ($8::uuid is null or a.id = $8)
  and ($10::bigint is null
       or a.before @> jsonb_build_object('integration', $10) or a.after @> jsonb_build_object('integration', $10)
       or a.before @> jsonb_build_object('upstream', 'integration:' || $10)
       or exists (select from mapping.sync_run s where s.run = a.run_id and s.id_integracao = $10))
order by a.id desc
limit $9
