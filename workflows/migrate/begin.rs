//! A migrate's first step: what HubSoft's rows say, and what follows from it (rules B1, B8, B9).

use std::time::Duration;

use engine::workflow::{Cx, Next, to};
use mapping::{Change, Port, Transmission};

use super::{CODES, Input, Migrate, State, Then};
use crate::{
    Later, Trouble, leaving,
    taking::{self, Taking},
};

/// B1, B8, B9: what is to be done on the platform, and does HubSoft still want it?
pub(super) async fn requested(cx: &Cx<'_, Migrate>) -> Result<Next<State, Change>, Trouble> {
    let (input, network) = (cx.input, &*cx.ports.network);
    let id = input.id_porta_atendimento;
    let port = network.port(id).await?;
    let leaves = match input.other_port() {
        Some(other) => network.port(other).await?,
        None => None,
    };
    let leaves_sent = leaves.as_ref().is_some_and(|port| port.integration.is_some());
    let unsent = crate::sendable(port.clone(), id).err();
    let Some(port) = port.filter(|_| unsent.is_none() || leaves_sent) else {
        return Ok(to(State::NotApplicable { reason: unsent.unwrap_or_default() }));
    };
    let mut changes = Vec::new();
    match wanted(cx, &port).await? {
        Wanted::Done => {}
        Wanted::NotYet => changes.extend(taking::occupy(network, &port, &input.taking(), &CODES).await?),
        Wanted::NoMore => return superseded(cx, &port, leaves.as_ref(), unsent.is_none()).await,
        Wanted::NotKnownYet => return Ok(wait()),
    }
    taking::customer(network, input.id_cliente_servico, &CODES).await?;
    if let Some(old) = leaves.as_ref().filter(|old| old.occupant == Some(input.id_cliente_servico_antigo)) {
        match leaving::put_back(network, old.id, input.id_cliente_servico_antigo, cx.position).await? {
            Later::Queued => {}
            Later::NotKnownYet => return Ok(wait()),
            Later::Nothing => changes.push(Change::Vacate { port: old.id, service: input.id_cliente_servico_antigo }),
        }
    }
    // The new one's port first: if it cannot be used, nothing is done.
    let ports: Vec<i64> = [unsent.is_none().then_some(id), leaves_sent.then_some(input.other_port()).flatten()]
        .into_iter()
        .flatten()
        .collect();
    changes.extend(ports.iter().map(|port| Change::Transmission { port: *port, shows: Transmission::Pending }));
    // A port for which nothing is sent is where the old one sat, but on no platform.
    let met = input.other_port().is_some() && !leaves_sent || unsent.is_some();
    let then = unsent.map_or(Then::Place, |reason| Then::Stop { reason });
    Ok(to(State::Leaving { ports, met, then }).writing(changes))
}

/// What HubSoft's row of the new one's port says.
enum Wanted {
    /// HubSoft has put the new one there.
    Done,
    /// It has not, and leaves that to us.
    NotYet,
    /// It wants somebody else there by now.
    NoMore,
    NotKnownYet,
}

async fn wanted(cx: &Cx<'_, Migrate>, port: &Port) -> Result<Wanted, Trouble> {
    let (old, network) = (cx.input.id_cliente_servico_antigo, &*cx.ports.network);
    let later = match port.occupant {
        Some(there) if there == cx.input.id_cliente_servico => return Ok(Wanted::Done),
        // Not changed yet, unless HubSoft has put the old one back.
        Some(there) if there == old => leaving::put_back(network, port.id, old, cx.position).await?,
        _ => network.later_work(&[format!("port:{}", port.id)], cx.position).await?,
    };
    Ok(match later {
        Later::Queued => Wanted::NoMore,
        Later::Nothing => Wanted::NotYet,
        Later::NotKnownYet => Wanted::NotKnownYet,
    })
}

fn wait() -> Next<State, Change> {
    Next::Again { after: Duration::from_millis(100), why: crate::INTAKE }
}

/// B8: the new one's port is later work's, whoever the platform shows there. If HubSoft has moved the old one off another port,
/// or off one that is not known, that is this one's to do.
async fn superseded(
    cx: &Cx<'_, Migrate>,
    port: &Port,
    leaves: Option<&Port>,
    sent: bool,
) -> Result<Next<State, Change>, Trouble> {
    let (old, occupant) = (cx.input.id_cliente_servico_antigo, port.occupant);
    let then = Then::Yield { occupant };
    let changes = vec![Change::LeaveToClear { port: port.id }];
    Ok(match leaves {
        Some(leaves) if leaves.integration.is_some() && leaves.occupant != Some(old) => {
            let pending = Change::Transmission { port: leaves.id, shows: Transmission::Pending };
            to(State::Leaving { ports: vec![leaves.id], met: true, then }).writing(changes).writing([pending])
        }
        None if cx.input.id_porta_atendimento_antiga.is_none() && sent && occupant != Some(old) => {
            to(State::Leaving { ports: vec![port.id], met: false, then }).writing(changes)
        }
        _ => to(State::Superseded { occupant }).writing(changes),
    })
}

impl Input {
    fn taking(&self) -> Taking {
        Taking {
            service: self.id_cliente_servico,
            instead_of: Some(self.id_cliente_servico_antigo),
            forcar_troca_porta: self.forcar_troca_porta,
            forcar_remocao_reserva: self.forcar_remocao_reserva,
        }
    }
}
