-- The number of an integration to come: its secrets are tied to it before the row is there.
select nextval(pg_get_serial_sequence('mapping.integration', 'id_integracao'))
