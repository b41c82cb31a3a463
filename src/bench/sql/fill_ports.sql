-- So many boxes of 16 ports, drawn by hand, a hundred metres apart from the corner of the simulated city on; two ports in five
-- are taken.
with project as (
  insert into mapping.project (nome) values ('bench, the rest') returning id_projeto
), boxes as (
  insert into mapping.box (id_projeto, nome, latitude, longitude)
  select p.id_projeto, 'CTO ' || g, -27.40 + 0.0009 * (g / 250), -49.80 + 0.00101 * (g % 250)
  from project p cross join generate_series(1, $1::bigint) g
  returning id_caixa_optica
), splitters as (
  insert into mapping.splitter (id_caixa_optica, role) select b.id_caixa_optica, 'attendance' from boxes b
  returning id_splitter, id_caixa_optica
)
insert into mapping.port (id_splitter, id_caixa_optica, sequencia, id_cliente_servico)
select s.id_splitter, s.id_caixa_optica, g, case when (s.id_splitter + g) % 5 < 2 then 1000000 + 16 * s.id_splitter + g end
from splitters s cross join generate_series(0, 15) g
