-- Writes down the states that this build knows, in words. A newer build's words stand.
insert into enlace.kind_state as k (kind, state, pt, en)
select t.kind, t.state, t.pt, t.en
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[]) as t (kind, state, pt, en, version)
where not exists (select from enlace.kind n where n.kind = t.kind and n.version > t.version)
on conflict (kind, state) do update set pt = excluded.pt, en = excluded.en
where (k.pt, k.en) is distinct from (excluded.pt, excluded.en)
