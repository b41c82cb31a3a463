-- How many differences between HubSoft and the platforms are open, and since when the oldest.
select count(*) as count, min(d.since) as since from mapping.discrepancy d where d.settled_at is null
