-- A port with what an operation has to know of its surroundings; no integration where a person drew it (rule B1).
select p.id_porta_atendimento, p.id_cliente_servico, p.reservado, p.to_clear, p.transmission_external_id, p.sequencia, p.external_id as port_external_id,
       coalesce(p.missing_since, s.missing_since, b.missing_since) is not null as missing,
       coalesce(s.external_id, '') as splitter_external_id,
       coalesce(b.external_id, '') as box_external_id, b.latitude, b.longitude,
       pr.cliente_unico_porta, pr.bloquear_vinculo_porta_reservada,
       i.id_integracao, i.platform, i.name, i.active, i.id_projeto, i.elements,
       coalesce(i.settings @> '{"keep_home": true}', false) as keep_home
from mapping.port p
join mapping.splitter s on s.id_splitter = p.id_splitter
join mapping.box b on b.id_caixa_optica = s.id_caixa_optica
join mapping.project pr on pr.id_projeto = b.id_projeto
left join mapping.integration i on i.id_projeto = pr.id_projeto and b.external_id is not null and s.external_id is not null
where p.id_porta_atendimento = $1
