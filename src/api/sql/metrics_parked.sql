-- What waits for a person, by reason.
select r.parked as reason, count(*) as count from enlace.run r where r.parked is not null group by 1
