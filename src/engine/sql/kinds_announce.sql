-- Writes down what this build knows, in words. A newer build's words stand: it knows what it added (G10).
insert into enlace.kind as k (kind, version, pt, en) select * from unnest($1::text[], $2::int[], $3::text[], $4::text[])
on conflict (kind) do update set version = excluded.version, pt = excluded.pt, en = excluded.en
where k.version <= excluded.version and (k.version, k.pt, k.en) is distinct from (excluded.version, excluded.pt, excluded.en)
