-- What acts on many were for loses the words that were searched for, which may be a name, once it ended so many days ago; so
-- does what the audit says of it.
with old as (
  update enlace.bulk_act b set filter = b.filter - 'q'
  where b.ended_at < enlace.now() - $1::int * interval '1 day' and b.filter ? 'q'
  returning b.id
)
update enlace.act a set before = a.before #- '{filter,q}' from old where a.bulk = old.id and a.before ? 'filter'
