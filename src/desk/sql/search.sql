-- What somebody may mean by a text ($1), a number ($2), an id ($3), a document ($4), or, where $5, a customer's name: at most $6
-- of each sort, those that are meant exactly first. Each sort is limited where its index is read.
with hit as (
  (select 1 as rank, 'number' as by, true as exact, s.id_cliente_servico as service, null::bigint as port, null::bigint as box,
          null::bigint as service_order, null::uuid as workflow
   from hubsoft.customer_service s where s.id_cliente_servico = $2::bigint)
  union all
  (select 2, 'number', true, null, p.id_porta_atendimento, p.id_caixa_optica, null, null
   from mapping.port p where p.id_porta_atendimento = $2::bigint)
  union all
  (select 3, 'number', true, o.id_cliente_servico, null, null, o.id_ordem_servico, null
   from hubsoft.service_order o where o.id_ordem_servico = $2::bigint)
  union all
  (select 4, 'id', true, null, null, null, null, o.id from enlace.outbox o where o.id = $3::uuid)
  union all
  (select 5, 'code', true, s.id_cliente_servico, null, null, null, null
   from hubsoft.customer c join hubsoft.customer_service s using (id_cliente) where c.codigo_cliente = $1::text
   order by s.id_cliente_servico limit $6::bigint)
  union all
  (select 6, 'document', true, s.id_cliente_servico, null, null, null, null
   from hubsoft.customer c join hubsoft.customer_service s using (id_cliente) where mapping.plain_document(c.cpf_cnpj) = $4::text
   order by s.id_cliente_servico limit $6::bigint)
  union all
  (select 7, 'name', mapping.plain_words(b.nome) = mapping.plain_words($1::text), null, null, b.id_caixa_optica, null, null
   from (select b.id_caixa_optica, b.nome from mapping.box b
         where mapping.words_of(b.nome) @@ mapping.words_sought($1::text) limit 200) b
   order by mapping.plain_words(b.nome) <> mapping.plain_words($1::text), length(b.nome), b.nome, b.id_caixa_optica limit $6::bigint)
  union all
  (select 8, 'name', mapping.plain_words(c.nome_razaosocial) = mapping.plain_words($1::text), s.id_cliente_servico, null, null, null, null
   from (select c.id_cliente, c.nome_razaosocial from hubsoft.customer c
         where $5::boolean and mapping.words_of(c.nome_razaosocial) @@ mapping.words_sought($1::text) limit 200) c
   cross join lateral (
     select s.id_cliente_servico from hubsoft.customer_service s where s.id_cliente = c.id_cliente
     order by s.id_cliente_servico limit $6::bigint
   ) s
   order by mapping.plain_words(c.nome_razaosocial) <> mapping.plain_words($1::text), c.nome_razaosocial, s.id_cliente_servico
   limit $6::bigint)
)
select case when h.workflow is not null then 'workflow' when h.service_order is not null then 'order'
            when h.port is not null then 'port' when h.box is not null then 'box' else 'service' end as kind,
       coalesce(h.workflow::text, coalesce(h.service_order, h.port, h.box, h.service)::text) as id,
       h.by, h.exact, h.service as id_cliente_servico, c.codigo_cliente, c.nome_razaosocial as cliente, s.descricao, s.status_prefixo,
       b.nome as caixa, p.sequencia + 1 as numero_porta, j.nome as projeto, w.kind as operation
from (
  select distinct on (h.service, h.port, h.box, h.service_order, h.workflow) h.* from hit h
  order by h.service, h.port, h.box, h.service_order, h.workflow, h.exact desc, h.rank
) h
left join lateral (select s.* from hubsoft.customer_service s where s.id_cliente_servico = h.service offset 0) s on true
left join lateral (select c.* from hubsoft.customer c where c.id_cliente = s.id_cliente offset 0) c on true
left join mapping.box b on b.id_caixa_optica = h.box
left join mapping.project j on j.id_projeto = b.id_projeto
left join mapping.port p on p.id_porta_atendimento = h.port
left join enlace.outbox w on w.id = h.workflow
order by h.rank, not h.exact, coalesce(b.nome, c.nome_razaosocial), h.service
