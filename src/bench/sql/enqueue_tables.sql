-- An outbox equal to ours but for its trigger, and ports for HubSoft's own change.
create table plain (like enlace.outbox including all);
create table hubsoft_port (id bigint primary key, id_cliente_servico bigint) with (fillfactor = 50);
insert into hubsoft_port select g, g from generate_series(1, 3200) g
