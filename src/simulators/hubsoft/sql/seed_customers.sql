-- Makes customers known, leaving those alone that are there: $1 ids, $2 codes, $3 names, $4 CPFs, $5 phones, $6 e-mails.
insert into hubsoft.customer
  (id_cliente, codigo_cliente, nome_razaosocial, cpf_cnpj, tipo_pessoa, telefone_primario, email_principal)
select id, code, name, document, 'pf', phone, email
from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[])
  as made_up (id, code, name, document, phone, email)
on conflict do nothing
