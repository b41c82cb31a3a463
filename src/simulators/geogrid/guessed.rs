//! What nobody has written down about GeoGrid, and how this simulator behaves there. Written down apart from the adapter's
//! guesses, so that a correction has to be made, and thought about, twice.

use super::refusal::Refused;
use super::world::Hold;

/// *A token that is not good*: 401, and the key of the error that says so.
pub(super) const BAD_TOKEN: &str = "token";

/// *The rate*: how many calls may come at once after a rest. No number is published; bursts of a call per box are refused.
pub(super) const BURST: f64 = 3.0;

/// *The rate's error*: the key and the words of a 429.
pub(super) const TOO_MANY: (&str, &str) = ("limite", "Limite de requisições por minuto excedido");

/// *A page*: how many rows come where nobody asks for a number, and at most.
pub(super) const PAGE: usize = 50;
/// See [`PAGE`].
pub(super) const LARGEST_PAGE: usize = 500;

/// *Ports of several items*: the ids in `itensRede`, with commas between them.
pub(super) fn several(parameter: &str) -> impl Iterator<Item = &str> {
    parameter.split(',').map(str::trim)
}

/// *A reservation's row*: `reservaStatus` S, `reservaAtendimento` N; an attendance's the other way round.
pub(super) fn reservation_flags(reservation: bool) -> (&'static str, &'static str) {
    if reservation { ("S", "N") } else { ("N", "S") }
}

/// *Attending*, by what holds the port. A taken port is 409, which was seen; its key was not. The customer for whom the port is
/// kept turns the reservation into an attendance; anybody else is refused as unbinding a reservation is, by the key
/// `portaReservada`. Nothing known forbids a customer to sit on several ports.
pub(super) fn attending(hold: Hold, client: u32) -> Result<Hold, Refused> {
    match hold {
        Hold::Free => Ok(Hold::Attended { client, was_reserved: false }),
        Hold::Reserved(Some(there)) if there == client => Ok(Hold::Attended { client, was_reserved: true }),
        Hold::Reserved(_) => Err(Refused::new(422, "portaReservada", "A porta está reservada")),
        Hold::Attended { .. } | Hold::Feeds => Err(Refused::new(409, "idPorta", "A porta já está ocupada")),
    }
}

/// *Removing an attendance that had been a reservation*: the reservation goes too.
pub(super) const AFTER_REMOVAL: Hold = Hold::Free;

/// *A customer whom nobody has made*: 400 and 404 were both seen, and not when which.
pub(super) fn status_of_missing(code: &str) -> u16 {
    if code.len().is_multiple_of(2) { 400 } else { 404 }
}

/// *Counters*: every so many-th equipment counts one output too many as free.
pub(super) const MISCOUNTED: u32 = 7;

/// *Names*: every so many-th box has no `sigla`.
pub(super) const NAMELESS: u32 = 53;
