-- How many numbers of the outbox may still fill.
select cardinality(i.gaps)::bigint from enlace.intake i order by i.id desc limit 1
