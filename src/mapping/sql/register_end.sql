-- The boxes are registered: of the sync that they were, nothing stays.
delete from mapping.sync_run r where r.run = $1
