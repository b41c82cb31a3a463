-- Workflows that ended well.
select count(*) from enlace.finished where status = 'succeeded'
