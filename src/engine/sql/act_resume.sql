-- Ends a pause. What waited for an upstream asks that one anew: it may have opened, or closed, meanwhile.
update enlace.run
set status = case when upstream is null then coalesce(hold ->> 'status', 'queued') else 'queued' end,
    due_at = case when upstream is null then due_at else enlace.now() end, upstream = null, hold = null, asked = null
where id = $1 returning status
