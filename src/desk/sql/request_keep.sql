-- Keeps what a request was answered.
update enlace.request set status = $3, location = $4, body = $5 where token = $1 and key = $2
