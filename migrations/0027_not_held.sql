-- Whoever records what a worker did to a workflow that it does not hold any more is refused, and nothing of it is written: a
-- statement that records attempts and ends together has to be undone as a whole. SQLSTATE EN001 is the engine's own.
create function enlace.not_held(id uuid) returns uuid language plpgsql volatile as $$
begin
  raise exception using errcode = 'EN001', message = format('workflow %s is not held by this worker any more', id);
end $$;
comment on function enlace.not_held(uuid) is 'Refuses a record of a workflow that its worker does not hold';
