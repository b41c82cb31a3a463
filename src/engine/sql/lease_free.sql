-- Takes away what these workers hold, so that anyone may claim it; what was in the middle of a step is marked as interrupted ($2;
-- null: all of it may have been). What they were told was interrupted before, and recorded nothing of, stays so. A statement of
-- its own, after their leases were ended: only then does it see all that was written under them until that moment.
update enlace.run r
set worker = null, status = 'queued', due_at = enlace.now(), since = enlace.now(),
    interrupted_by = case
      when $2::uuid[] is null or r.id = any ($2) then r.worker
      when not exists (select from enlace.step s where s.id = r.id and s.worker = r.worker and s.began_at >= r.since) then r.interrupted_by
    end
where r.worker = any ($1)
