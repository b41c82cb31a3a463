-- Takes away what these workers hold, so that anyone may claim it; what was in the middle of a step is marked as interrupted ($2;
-- null: all of it may have been). A statement of its own, after their leases were ended: only then does it see all that was
-- written under them until that moment.
update enlace.run r
set worker = null, interrupted_by = case when $2::uuid[] is null or r.id = any ($2) then r.worker end, status = 'queued',
    due_at = enlace.now(), since = enlace.now()
where r.worker = any ($1)
