-- Which kinds of element a waiting sync ($1) still has to search for what is gone: what its last step left to be done.
select coalesce((
  select array(select jsonb_array_elements_text(s.data -> 'left'))
  from enlace.step s where s.id = $1 and s.next_state is not null order by s.n desc limit 1
), '{}')::text[]
