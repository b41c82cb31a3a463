-- Forgets workflows that ended before the days that are kept: the next batch after an id. Answers with the last id that was
-- looked at (null: there are no more) and how many were forgotten. What a caller's own id stood for is forgotten with it, and so
-- is what people gave and wrote of it (rule P2): of their acts there remains who did what to which, and when.
with old as (
  select o.id from enlace.outbox o
  where o.id > $1 and o.id < (select enlace.lowest_id(enlace.now() - $2::int * interval '1 day')) order by o.id limit $3
), ended as (
  select old.id from old
  cross join lateral (select f.ended_at from enlace.finished f where f.id = old.id limit 1) f
  where f.ended_at < enlace.now() - $2::int * interval '1 day'
), gone as (
  delete from enlace.outbox o where o.id = any (array(select id from ended)) returning o.id, o.seq, o.payload, o.dedup_id
), names as (
  delete from enlace.dedup d using gone g where d.dedup_id = g.dedup_id and d.id = g.id
), edits as (
  delete from enlace.edit e using gone g where e.id = g.id
), acts as (
  update enlace.act a set before = null, after = null, reason = 'apagado com o trabalho / erased with the work'
  from gone g where a.run_id = g.id
), trail as (
  delete from enlace.trail t using (select k.sort, k.number, g.seq from gone g cross join lateral enlace.trail_keys(g.payload) k) k
  where t.sort = k.sort and t.number = k.number and t.seq = k.seq
), tokens as (
  delete from enlace.token_started t using gone g where t.id = g.id
)
select (select id from old order by id desc limit 1), (select count(*) from gone)
