-- The keys of one workflow are found by its position alone, and by nothing more than that: a hash.
--
-- A btree of positions could also be read in order, and a plan that was made while the table was nearly empty did: "the last
-- workflow of this key" then walked all keys from the newest on, instead of the few of that key.
drop index enlace.run_key_position;
create index run_key_of on enlace.run_key using hash (position);
