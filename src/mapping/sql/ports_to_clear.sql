-- Leaves it to later work for these ports to take off whoever the platform shows there (rules B2, B8).
update mapping.port set to_clear = true where id_porta_atendimento = any ($1)
