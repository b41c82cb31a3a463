-- How many ports a sync has seen somebody on, and on how many there was somebody before: by HubSoft and transmitted, or held by
-- a sync (rule S9: nobody at all is a mistake until a person says otherwise). Null: it has not looked.
select (select coalesce(sum(cardinality(o.ports)), 0)::bigint from mapping.sync_occupied o where o.run = $1) as seen,
       (select count(*) from mapping.box b join mapping.port p on p.id_caixa_optica = b.id_caixa_optica
        where b.id_projeto = r.id_projeto and b.external_id is not null and b.missing_since is null and p.missing_since is null
          and (p.reserved_by = 'sync' or (p.id_cliente_servico is not null and p.transmission = 'sent'))) as known
from mapping.sync_run r
where r.run = $1 and r.occupants_at is not null
