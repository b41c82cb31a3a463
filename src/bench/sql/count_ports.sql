-- How many ports there are.
select count(*) from mapping.port
