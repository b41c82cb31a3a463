-- Writes the trail of the next $1 rows of the outbox, and says how many there were. Never beyond what the intake has seen, nor
-- beyond a gap in it: whoever fills that commits later, under a lower number.
with seen as (
  select least(i.upto, (select min(g.seq) - 1 from unnest(i.gaps) g (seq))) as upto from enlace.intake i order by i.id desc limit 1
), next as (
  select o.seq, o.payload
  from enlace.trail_mark m
  cross join seen
  cross join lateral (select b.seq, b.payload from enlace.outbox b where b.seq > m.upto and b.seq <= seen.upto order by b.seq limit $1) o
), written as (
  insert into enlace.trail (number, sort, seq)
  select k.number, k.sort, n.seq from next n cross join lateral enlace.trail_keys(n.payload) k
  order by k.number, k.sort, n.seq
  on conflict do nothing
), marked as (
  update enlace.trail_mark set upto = (select max(seq) from next) where exists (select from next)
)
select count(*) from next
