-- Sets a schedule's last and next tick.
update enlace.schedule set last_at = coalesce($2, last_at), next_at = $3 where id = $1
