-- Services leave ports, where HubSoft's own transaction did not do it (rule B9); nothing where somebody else sits there.
update mapping.port p set id_cliente_servico = null
from unnest($1::bigint[], $2::bigint[]) as t (port, service)
where p.id_porta_atendimento = t.port and p.id_cliente_servico = t.service
