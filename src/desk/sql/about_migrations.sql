-- Which migrations were applied, and when.
select m.version, m.installed_on from enlace.migration m order by m.version
