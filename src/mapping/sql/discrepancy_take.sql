-- HubSoft's port follows the platform: this service, or nobody, sits there, or it is held ($4: for whom, in words; $5: by whom). A
-- person's reservation goes only where its being there was what differed ($6), and is never written over (rule S7).
update mapping.port p
set id_cliente_servico = $2,
    reservado = case when $4::text is not null then true when $2::bigint is null then p.reservado
                     else p.reservado and not $6 and p.reserved_by is distinct from 'sync' end,
    reserved_by = case when $4 is not null and (not p.reservado or p.reserved_by = 'sync') then $5::text
                       when $2 is not null and ($6 or p.reserved_by = 'sync') then null else p.reserved_by end,
    observacao = case when $4 is not null and (not p.reservado or p.reserved_by = 'sync') then $4
                      when $2 is not null and ($6 or p.reserved_by = 'sync') then null else p.observacao end,
    transmission = 'sent', transmission_error = null, transmission_external_id = $3, to_clear = false,
    data_tentativa_transmissao = enlace.now()
where p.id_porta_atendimento = $1
