-- The ISP's types of order, unless it has some: which of them take equipment out is for the ISP to say (rule B5).
insert into hubsoft.service_order_type (descricao, retirada)
select * from (values ('Recolhimento de equipamento', true), ('Visita técnica', false)) as made_up (descricao, retirada)
where not exists (select from hubsoft.service_order_type)
