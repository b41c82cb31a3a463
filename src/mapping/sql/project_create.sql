-- A new project.
insert into mapping.project (nome) values ($1) returning id_projeto
