-- A finished workflow, a port, a box and its project to look at.
select (select f.id from enlace.finished f order by f.id desc limit 1),
       (select max(p.id_porta_atendimento) - 500 from mapping.port p),
       (select max(b.id_caixa_optica) - 50 from mapping.box b),
       (select b.id_projeto from mapping.box b order by b.id_caixa_optica desc limit 1)
