-- The port that this integration's platform knows as output $3 of its splitter $2, if it was synced.
select p.id_porta_atendimento
from mapping.integration i
join mapping.splitter s on s.external_id = $2
join mapping.box b on b.id_caixa_optica = s.id_caixa_optica and b.id_projeto = i.id_projeto
join mapping.port p on p.id_splitter = s.id_splitter and p.sequencia = $3
where i.id_integracao = $1
