//! Unbind: make a customer's service leave a port on the platform (rules B1, B3, B6, B7, B10, B11).
//!
//! Only that service's customer is ever removed. A port that the platform shows free is done; one that shows somebody else
//! is left alone, and the difference is recorded for a person: unless a superseded bind left it to later work to clear the
//! port (B2, B8), for then HubSoft has replaced that customer already.

use engine::workflow::{Cx, Decided, Decision, End, Lane, Next, Step, Text, Trouble as InTrouble, Workflow, says, to};
use mapping::{Change, Transmission};
use platforms::Seat;
use serde::{Deserialize, Serialize};
use strum::{EnumDiscriminants, EnumIter, IntoStaticStr};

use crate::{
    Later, Ports, Trouble,
    leaving::{self, There},
    retries::{LOOKING, WRITING},
};

/// The operation.
pub struct Unbind;

/// A service and the port that it leaves.
#[derive(Debug, Serialize, Deserialize)]
pub struct Input {
    /// The port.
    pub id_porta_atendimento: i64,
    /// The service.
    pub id_cliente_servico: i64,
}

/// Where an unbind stands. The names are stored.
#[derive(Debug, Serialize, Deserialize, EnumDiscriminants)]
#[serde(tag = "state", rename_all = "snake_case")]
#[strum_discriminants(
    name(At),
    derive(EnumIter, IntoStaticStr),
    strum(serialize_all = "snake_case"),
    doc = "The states' names."
)]
pub enum State {
    /// HubSoft asks for it.
    Requested,
    /// What does the platform show?
    Looking {
        /// Whose removal was interrupted: it may have been done, or may be under way still.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seat: Option<Seat>,
    },
    /// The customer still sits there.
    Detaching {
        /// The customer's seat.
        seat: Seat,
    },
    /// The service is off the port.
    Free,
    /// Somebody else sits there, and stays.
    Elsewhere,
    /// Nothing is sent for this port.
    NotApplicable {
        /// Why.
        reason: String,
    },
}

impl Workflow for Unbind {
    const NAME: &'static str = "unbind";
    const LANE: Lane = Lane::Change;
    const ABOUT: Text = says("desvincular um serviço de uma porta", "take a service off a port");
    type Input = Input;
    type State = State;
    type At = At;
    type Ports = Ports;
    type Change = Change;
    type Error = Trouble;

    fn keys(input: &Input) -> Vec<String> {
        vec![format!("port:{}", input.id_porta_atendimento), format!("service:{}", input.id_cliente_servico)]
    }

    fn begin(_input: &Input) -> State {
        State::Requested
    }

    fn step(at: At) -> Step<At> {
        use At::*;
        match at {
            Requested => Step::look(
                says("conferir a porta no HubSoft", "check the port in HubSoft"),
                LOOKING,
                &[Looking, NotApplicable],
            ),
            Looking => Step::look(
                says("olhar a porta na plataforma", "look at the port on the platform"),
                LOOKING,
                &[Detaching, Free, Elsewhere],
            ),
            Detaching => Step::write(
                says("retirar o cliente da porta", "take the customer off the port"),
                WRITING,
                Looking,
                &[Looking],
            ),
            Free => Step::end(End::Succeeded, says("o serviço saiu da porta", "the service is off the port")),
            Elsewhere => Step::end(
                End::Succeeded,
                says(
                    "outro cliente está na porta e fica; a diferença foi registrada",
                    "somebody else sits on the port and stays; the difference is recorded",
                ),
            ),
            NotApplicable => {
                Step::end(End::NotApplicable, says("nada a enviar para esta porta", "nothing is sent for this port"))
            }
        }
    }

    async fn advance(state: State, cx: &Cx<'_, Self>) -> Result<Next<State, Change>, Trouble> {
        match state {
            State::Requested => requested(cx).await,
            State::Looking { seat } => Ok(looking(cx).await?.writing(cx.input.look_again(seat.as_ref()))),
            State::Detaching { seat } => {
                let port = crate::port_to_send(cx.ports, cx.input.id_porta_atendimento).await?;
                port.map.detach(&seat, port.removal).await?;
                Ok(to(State::Looking { seat: None }).writing(cx.input.look_again(Some(&seat))))
            }
            State::Free | State::Elsewhere | State::NotApplicable { .. } => Ok(to(state)),
        }
    }

    fn in_trouble(input: &Input, trouble: &InTrouble<'_>) -> Vec<Change> {
        crate::transmission_in_trouble(input.id_porta_atendimento, trouble)
    }

    /// Whoever waives it has seen to the port on the platform, or does not want it there.
    fn decisions(at: At) -> &'static [(Decision, At)] {
        use At::*;
        match at {
            Requested | Looking | Detaching => &[(Decision::Skip, NotApplicable)],
            _ => &[],
        }
    }

    fn decided(_state: State, by: &Decided<'_>) -> Option<State> {
        (by.decision == Decision::Skip).then(|| State::NotApplicable { reason: crate::waived(by) })
    }
}

impl Input {
    /// B2, B8: whoever was taken off because a superseded bind left it to this.
    fn look_again(&self, seat: Option<&Seat>) -> Option<Change> {
        crate::look_again(self.id_porta_atendimento, seat?, &[self.id_cliente_servico])
    }
}

/// B1: is there anything to send? B9: over HTTP, HubSoft's port is changed here.
async fn requested(cx: &Cx<'_, Unbind>) -> Result<Next<State, Change>, Trouble> {
    let (id, service) = (cx.input.id_porta_atendimento, cx.input.id_cliente_servico);
    let port = match crate::sendable(cx.ports.network.port(id).await?, id) {
        Ok((port, _)) => port,
        Err(reason) => return Ok(to(State::NotApplicable { reason })),
    };
    let pending = Change::Transmission { port: id, shows: Transmission::Pending };
    if port.occupant != Some(service) {
        return Ok(to(State::Looking { seat: None }).writing([pending]));
    }
    match leaving::put_back(&*cx.ports.network, id, service, cx.position).await? {
        // It was put back on the same port since: that later bind finds it gone and attaches it again, in order.
        Later::Queued => Ok(to(State::Looking { seat: None }).writing([pending])),
        Later::NotKnownYet => Ok(Next::Again { after: std::time::Duration::from_millis(100), why: crate::INTAKE }),
        Later::Nothing => {
            Ok(to(State::Looking { seat: None }).writing([Change::Vacate { port: id, service }, pending]))
        }
    }
}

/// B3, B6: what the platform shows decides.
async fn looking(cx: &Cx<'_, Unbind>) -> Result<Next<State, Change>, Trouble> {
    let port = crate::port_to_send(cx.ports, cx.input.id_porta_atendimento).await?;
    let sent = Change::Transmission { port: port.port.id, shows: Transmission::Sent(None) };
    let shown = port.map.look_at_port(&port.port.address).await?;
    Ok(match leaving::there(&*cx.ports.network, &port.port, cx.input.id_cliente_servico, shown).await? {
        There::Seat(seat) => to(State::Detaching { seat }),
        There::Free => to(State::Free).writing([sent]),
        There::Else(difference) => to(State::Elsewhere).writing([sent, difference]),
    })
}
