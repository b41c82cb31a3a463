-- Changes a schedule.
update enlace.schedule set pattern = $2, zone = $3, active = $4, note = $5, next_at = $6, overlap = $7, catch_up_seconds = $8 where id = $1
