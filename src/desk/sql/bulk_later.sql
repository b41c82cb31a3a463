-- Puts off an act on many whose batch could not be done, so that others come first.
update enlace.bulk_act set next_at = enlace.now() + $2 * interval '1 second' where id = $1 and status = 'running'
