-- How many open differences match, by kind.
select d.kind, count(*)
from mapping.discrepancy d
join mapping.port p on p.id_porta_atendimento = d.id_porta_atendimento
join mapping.box b on b.id_caixa_optica = p.id_caixa_optica
join mapping.project j on j.id_projeto = b.id_projeto
where d.settled_at is null
  and ($1::bigint is null or j.id_integracao_mapeamento = $1) and ($2::bigint is null or j.id_projeto = $2)
  and ($3::bigint is null or d.id_porta_atendimento = $3) and ($4::text[] is null or d.kind = any ($4))
  and ($5::bigint is null or p.id_caixa_optica = $5)
group by d.kind
order by d.kind
