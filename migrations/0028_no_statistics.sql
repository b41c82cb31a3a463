-- Payloads, states and results are looked up by a key and never by what is in them, and nearly all differ: sorting a sample of
-- them for statistics that no plan uses cost up to a seventh of what Postgres did under a steady load.
alter table enlace.outbox alter column payload set statistics 0;
alter table enlace.step alter column data set statistics 0, alter column calls set statistics 0;
alter table enlace.finished alter column result set statistics 0;

-- As before (0009); a partition that is made later keeps no statistics of these columns either.
create or replace function enlace.history_add(parent text, monday date) returns boolean language plpgsql as $$
declare
  lo   uuid := enlace.lowest_id(monday::timestamp at time zone 'UTC');
  hi   uuid := enlace.lowest_id((monday + 7)::timestamp at time zone 'UTC');
  name text := parent || to_char(monday, '_YYYY_MM_DD');
  col  text;
begin
  if exists (select from enlace.history_partition h
             where h.parent = $1 and h.to_id > lo and (h.from_id is null or h.from_id < hi)) then
    return false;
  end if;
  execute format('create table enlace.%I (like enlace.%I including all)', name, parent);
  for col in select a.attname from pg_attribute a where a.attrelid = format('enlace.%I', parent)::regclass and a.attnum > 0 and a.attstattarget = 0 and not a.attisdropped loop
    execute format('alter table enlace.%I alter column %I set statistics 0', name, col);
  end loop;
  execute format('with early as (delete from enlace.%I where id >= %L and id < %L returning *) insert into enlace.%I select * from early',
                 parent || '_default', lo, hi, name);
  execute format('alter table enlace.%I attach partition enlace.%I for values from (%L) to (%L)', parent, name, lo, hi);
  return true;
end $$;
