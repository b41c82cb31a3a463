-- Takes the places that runs would have had among their keys, had a build that knows them taken them in.
insert into enlace.run_key (key, position, id)
select t.key, t.position, t.id from unnest($1::text[], $2::bigint[], $3::uuid[]) as t (key, position, id)
on conflict do nothing
