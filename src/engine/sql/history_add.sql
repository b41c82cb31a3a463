-- Makes the partition of a week.
select enlace.history_add($1, $2)
