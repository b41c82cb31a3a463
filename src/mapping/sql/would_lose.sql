-- How many ports a sync has seen somebody on, and where that is none, on how many there was somebody before: by HubSoft and
-- transmitted, or held by a sync (rule S9: nobody at all is a mistake until a person says otherwise). Null: it has not looked.
select l.seen, case when l.seen > 0 then 0 else (
         select count(*)
         from mapping.box b
         join mapping.splitter s on s.id_caixa_optica = b.id_caixa_optica
         join mapping.port p on p.id_splitter = s.id_splitter
         where b.id_projeto = r.id_projeto and b.external_id is not null and b.missing_since is null and p.missing_since is null
           and (p.reserved_by = 'sync' or (p.id_cliente_servico is not null and p.transmission = 'sent'))) end as known
from mapping.sync_run r
cross join lateral (
  select coalesce(sum(cardinality(o.ports)), 0)::bigint as seen from mapping.sync_occupied o where o.run = r.run offset 0
) l
where r.run = $1 and r.occupants_at is not null
