-- The numbers of the overview as one value, which is another as soon as one of them is. Where what is unfinished is too much to
-- be counted every second ($1: bytes), the rest.
select jsonb_build_object(
  'unfinished', (
    select jsonb_agg(jsonb_build_array(n.status, n.parked, n.held, n.count) order by n.status, n.parked, n.held)
    from (
      select r.status, r.parked, r.worker is not null as held, count(*) as count
      from enlace.run r where (select pg_relation_size('enlace.run') <= $1) group by 1, 2, 3
    ) n),
  'discrepancies', (select count(*) from (select from mapping.discrepancy d where d.settled_at is null limit 10000) d),
  'workers', (select jsonb_agg(w.id order by w.id) from enlace.worker w where w.lease_until > enlace.now()),
  'syncs', (select max(p.ultima_sincronizacao) from mapping.project p),
  'schedules', (select jsonb_agg(jsonb_build_array(s.id, s.active, s.next_at) order by s.id) from enlace.schedule s),
  'acts', (select a.id from enlace.act a where a.act <> 'looked' order by a.id desc limit 1))
