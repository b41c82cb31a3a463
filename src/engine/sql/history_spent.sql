-- Partitions older than the days that are kept, which hold something to drop.
select s.partition::text from enlace.history_spent(enlace.lowest_id(enlace.now() - $1::int * interval '1 day')) s
