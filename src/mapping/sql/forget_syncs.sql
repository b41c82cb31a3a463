-- Of syncs that failed so many days ago, that they failed remains, not in which words.
update mapping.sync_run r set error = null
where r.ended_at < enlace.now() - $1::int * interval '1 day' and r.error is not null
