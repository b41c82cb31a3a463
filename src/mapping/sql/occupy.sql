-- Services become the occupants of ports, where HubSoft's own transaction did not do it (rule B9).
update mapping.port p
set id_cliente_servico = t.service,
    reservado = p.reservado and not t.lift,
    reserved_by = case when not t.lift then p.reserved_by end,
    observacao = case when not t.lift then p.observacao end
from unnest($1::bigint[], $2::bigint[], $3::bool[]) as t (port, service, lift)
where p.id_porta_atendimento = t.port
