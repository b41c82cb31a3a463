-- Whether this database has a list of applied migrations; without one, none was applied.
select to_regclass('enlace.migration') is not null
