-- Locks ports in the order of their numbers, so that two workers that write the same ones wait instead of deadlocking.
select p.id_porta_atendimento from mapping.port p
where p.id_porta_atendimento = any ($1) order by p.id_porta_atendimento for no key update
