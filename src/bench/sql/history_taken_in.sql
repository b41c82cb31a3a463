-- The intake has taken all of them in.
insert into enlace.intake (id, upto, gaps, gap_xids) select 1, max(seq), '{}', '{}' from enlace.outbox
