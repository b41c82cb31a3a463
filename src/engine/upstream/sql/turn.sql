-- Asks for turns at an upstream.
select t.verdict, t.lane, t.calls, t.seconds, t.held, t.crowded from enlace.upstream_turn($1, $2, $3, $4) t
