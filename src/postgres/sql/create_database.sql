-- Makes the database of a new embedded cluster.
create database enlace
