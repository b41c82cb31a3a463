-- Whether a workflow has ended.
select exists (select from enlace.finished where id = $1)
