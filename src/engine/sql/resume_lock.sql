-- Holds runs still that are to be resumed; those that somebody else is resuming, or a person is acting on, are left alone.
select id from enlace.run where id = any ($1) and parked = 'undecodable' order by id for update skip locked
