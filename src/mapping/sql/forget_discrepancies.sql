-- Of differences that were settled so many days ago, a digest of what each side said remains.
update mapping.discrepancy d set ours = mapping.digest(d.ours), theirs = mapping.digest(d.theirs)
where d.settled_at < enlace.now() - $1::int * interval '1 day' and not d.theirs ? 'digest'
