//! A migrate's first half: the old service is looked for and leaves (rules B3, B4, B6).

use engine::workflow::{Cx, Next, to};
use mapping::Change;
use platforms::Occupancy;

use super::{Migrate, State, Then};
use crate::{
    Trouble,
    leaving::{self, Found, Search, There},
    taking,
};

/// B3, B6: the old service is looked for on one port.
pub(super) async fn leave(
    cx: &Cx<'_, Migrate>,
    ports: Vec<i64>,
    met: bool,
    then: Then,
) -> Result<Next<State, Change>, Trouble> {
    let (input, network) = (cx.input, &*cx.ports.network);
    let Some(&id) = ports.first() else { return off(cx, then).await };
    let mut at = crate::port_to_send(cx.ports, id).await?;
    let shown = at.map.look_at_port(&at.port.address).await?;
    let of_new = id == input.id_porta_atendimento;
    let takes = of_new && then == Then::Place;
    if takes {
        taking::usable(&at.port, &shown)?;
        // Whoever else is there is taken off for the new one, and not for the old one.
        at.port.to_clear = false;
    }
    let free = shown == Occupancy::Free;
    let difference = match leaving::there(network, &at.port, input.id_cliente_servico_antigo, shown).await? {
        There::Seat(seat) => return Ok(to(State::Detaching { seat, ports, met: true, then })),
        There::Else(difference) if !of_new => Some(difference),
        There::Else(_) | There::Free => None,
    };
    let rest = ports.into_iter().skip(1).collect::<Vec<_>>();
    let next = if !rest.is_empty() {
        to(State::Leaving { ports: rest, met, then })
    } else if !met {
        to(State::Searching { search: Search::of(to_ask(cx).await?), then })
    } else if takes && free {
        let seats = at.map.seats_of(&input.id_cliente_servico.to_string()).await?;
        let other = input.other_port();
        to(State::Attaching { seats }).writing(leaving::told_off(network, other.as_slice()).await?)
    } else {
        off(cx, then).await?
    };
    Ok(next.writing(difference))
}

/// Whom to ask where the old one sits: the platforms of the ports that are known, and where they are not all known the others, too.
async fn to_ask(cx: &Cx<'_, Migrate>) -> Result<Vec<i64>, Trouble> {
    let (input, network) = (cx.input, &*cx.ports.network);
    let known = [Some(input.id_porta_atendimento), input.other_port()];
    let known: Vec<i64> = known.into_iter().flatten().collect();
    let mut all = leaving::integrations_of(network, &known).await?;
    if input.id_porta_atendimento_antiga.is_none() {
        let others = network.integrations_in_use().await?;
        let others: Vec<i64> = others.into_iter().filter(|id| !all.contains(id)).collect();
        all.extend(others);
    }
    Ok(all)
}

pub(super) async fn seek(cx: &Cx<'_, Migrate>, search: Search, then: Then) -> Result<Next<State, Change>, Trouble> {
    Ok(match search.ask(cx.ports, cx.input.id_cliente_servico_antigo).await? {
        Found::On(ports) => to(State::Leaving { ports, met: true, then }),
        Found::GoOn(search) => to(State::Searching { search, then }),
        Found::Nowhere => off(cx, then).await?,
    })
}

/// The old one is off.
async fn off(cx: &Cx<'_, Migrate>, then: Then) -> Result<Next<State, Change>, Trouble> {
    let told = leaving::told_off(&*cx.ports.network, cx.input.other_port().as_slice()).await?;
    let next = match then {
        Then::Place => State::Placing { seat: None },
        Then::Stop { reason } => State::Left { reason },
        Then::Yield { occupant } => State::Superseded { occupant },
    };
    Ok(to(next).writing(told))
}
