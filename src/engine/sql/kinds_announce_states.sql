-- Writes down the states that this build knows, in words.
insert into enlace.kind_state as k (kind, state, pt, en) select * from unnest($1::text[], $2::text[], $3::text[], $4::text[])
on conflict (kind, state) do update set pt = excluded.pt, en = excluded.en
where (k.pt, k.en) is distinct from (excluded.pt, excluded.en)
