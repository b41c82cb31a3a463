-- Differences with where they are, newest first: the one of id $1, or a page of those before $2 that match; $7: open, settled, all.
select d.id, d.id_porta_atendimento as port, j.id_integracao_mapeamento as integration, j.id_projeto as project,
       b.nome as box_name, p.sequencia + 1 as number, d.kind, d.ours, d.theirs, d.theirs_service, d.since,
       d.settled_at, d.settled_by, d.settlement
from mapping.discrepancy d
join mapping.port p on p.id_porta_atendimento = d.id_porta_atendimento
join mapping.box b on b.id_caixa_optica = p.id_caixa_optica
join mapping.project j on j.id_projeto = b.id_projeto
where ($1::bigint is null or d.id = $1) and ($2::bigint is null or d.id < $2)
  and ($3::bigint is null or j.id_integracao_mapeamento = $3) and ($4::bigint is null or j.id_projeto = $4)
  and ($5::bigint is null or d.id_porta_atendimento = $5) and ($6::text[] is null or d.kind = any ($6))
  and ($9::bigint is null or p.id_caixa_optica = $9)
  and case $7 when 'open' then d.settled_at is null when 'settled' then d.settled_at is not null else true end
order by d.id desc
limit $8
