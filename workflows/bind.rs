//! Bind: make the platform show a customer's service on the port that HubSoft gave it (rules B1, B2, B6–B10).
//!
//! HubSoft has changed its port row and enqueued this in one transaction; a request over HTTP has not, and then the first
//! step changes the row under the project's rules (B9). Whoever sits on the port on the platform is taken off first. Before
//! each write the platform is looked at, and after it again (B6): every road to the end leads through `looking`.

use std::time::Duration;

use engine::workflow::{Cx, Decided, Decision, End, Lane, Next, Step, Text, Trouble as InTrouble, Workflow, says, to};
use mapping::{Change, Transmission};
use platforms::Seat;
use serde::{Deserialize, Serialize};
use strum::{EnumDiscriminants, EnumIter, IntoStaticStr};

use crate::{
    Later, Ports, Trouble,
    retries::{LOOKING, WRITING},
    taking::{self, Codes, Place, Taking},
};

/// The operation.
pub struct Bind;

const CODES: Codes = Codes {
    port_occupied: "bind.port_occupied",
    port_reserved: "bind.port_reserved",
    service_elsewhere: "bind.service_elsewhere",
    no_such_service: "bind.no_such_service",
};

/// A service and the port that it is put on.
#[derive(Debug, Serialize, Deserialize)]
pub struct Input {
    /// The port.
    pub id_porta_atendimento: i64,
    /// The service.
    pub id_cliente_servico: i64,
    /// Over HTTP: move the service here although it sits on another port (rule B9).
    #[serde(default)]
    pub forcar_troca_porta: bool,
    /// Over HTTP: take a reserved port (rule B9).
    #[serde(default)]
    pub forcar_remocao_reserva: bool,
}

/// Where a bind stands. The names are stored.
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
    /// Another customer sits on the port.
    Clearing {
        /// That customer's seat.
        seat: Seat,
    },
    /// The port is free.
    Attaching {
        /// Where the service sits on the platform now, if anywhere.
        seats: Vec<Seat>,
    },
    /// The platform shows it.
    Bound {
        /// The platform's id of the seat.
        external_id: String,
    },
    /// Nothing is sent for this port.
    NotApplicable {
        /// Why.
        reason: String,
    },
    /// HubSoft has changed its mind since.
    Superseded {
        /// Who sits on the port in HubSoft by now.
        occupant: Option<i64>,
    },
}

impl Workflow for Bind {
    const NAME: &'static str = "bind";
    const LANE: Lane = Lane::Change;
    const ABOUT: Text = says("vincular um serviço a uma porta", "put a service on a port");
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
                &[Looking, NotApplicable, Superseded],
            ),
            Looking => Step::look(
                says("olhar a porta na plataforma", "look at the port on the platform"),
                LOOKING,
                &[Clearing, Attaching, Bound],
            ),
            Clearing => Step::write(
                says("retirar da porta o cliente anterior", "take the previous customer off the port"),
                WRITING,
                Looking,
                &[Looking],
            ),
            Attaching => Step::write(
                says("colocar o cliente na porta", "put the customer on the port"),
                WRITING,
                Looking,
                &[Looking],
            ),
            Bound => Step::end(
                End::Succeeded,
                says("a plataforma mostra o serviço na porta", "the platform shows the service on the port"),
            ),
            NotApplicable => {
                Step::end(End::NotApplicable, says("nada a enviar para esta porta", "nothing is sent for this port"))
            }
            Superseded => Step::end(
                End::Superseded,
                says("o HubSoft já mudou a porta de novo", "HubSoft has changed the port again since"),
            ),
        }
    }

    async fn advance(state: State, cx: &Cx<'_, Self>) -> Result<Next<State, Change>, Trouble> {
        match state {
            State::Requested => requested(cx).await,
            State::Looking { seat } => Ok(looking(cx).await?.writing(cx.input.look_again(seat.as_ref()))),
            State::Clearing { seat } => {
                let port = crate::port_to_send(cx.ports, cx.input.id_porta_atendimento).await?;
                port.map.detach(&seat, port.removal).await?;
                Ok(to(State::Looking { seat: None }).writing(cx.input.look_again(Some(&seat))))
            }
            State::Attaching { seats } => {
                let port = crate::port_to_send(cx.ports, cx.input.id_porta_atendimento).await?;
                let customer = taking::customer(&*cx.ports.network, cx.input.id_cliente_servico, &CODES).await?;
                port.map.attach(&port.port.address, &customer, &seats).await?;
                Ok(to(State::Looking { seat: None }))
            }
            State::Bound { .. } | State::NotApplicable { .. } | State::Superseded { .. } => Ok(to(state)),
        }
    }

    fn in_trouble(input: &Input, trouble: &InTrouble<'_>) -> Vec<Change> {
        crate::transmission_in_trouble(input.id_porta_atendimento, trouble)
    }

    /// Whoever waives it has seen to the port on the platform, or does not want it there.
    fn decisions(at: At) -> &'static [(Decision, At)] {
        use At::*;
        match at {
            Requested | Looking | Clearing | Attaching => &[(Decision::Skip, NotApplicable)],
            _ => &[],
        }
    }

    fn decided(_state: State, by: &Decided<'_>) -> Option<State> {
        (by.decision == Decision::Skip).then(|| State::NotApplicable { reason: crate::waived(by) })
    }
}

impl Input {
    /// B2: whoever was taken off for this service.
    fn look_again(&self, seat: Option<&Seat>) -> Option<Change> {
        crate::look_again(self.id_porta_atendimento, seat?, &[self.id_cliente_servico])
    }
}

/// B1, B8, B9: is there anything to send, and does HubSoft still want it?
async fn requested(cx: &Cx<'_, Bind>) -> Result<Next<State, Change>, Trouble> {
    let id = cx.input.id_porta_atendimento;
    let port = match crate::sendable(cx.ports.network.port(id).await?, id) {
        Ok((port, _)) => port,
        Err(reason) => return Ok(to(State::NotApplicable { reason })),
    };
    let pending = Change::Transmission { port: id, shows: Transmission::Pending };
    if port.occupant == Some(cx.input.id_cliente_servico) {
        return Ok(to(State::Looking { seat: None }).writing([pending]));
    }
    match later(cx, id).await? {
        Later::Queued => {
            Ok(to(State::Superseded { occupant: port.occupant }).writing([Change::LeaveToClear { port: id }]))
        }
        Later::NotKnownYet => Ok(Next::Again { after: Duration::from_millis(100), why: crate::INTAKE }),
        Later::Nothing => {
            let taking = Taking {
                service: cx.input.id_cliente_servico,
                instead_of: None,
                forcar_troca_porta: cx.input.forcar_troca_porta,
                forcar_remocao_reserva: cx.input.forcar_remocao_reserva,
            };
            taking::customer(&*cx.ports.network, taking.service, &CODES).await?;
            let occupied = taking::occupy(&*cx.ports.network, &port, &taking, &CODES).await?;
            Ok(to(State::Looking { seat: None }).writing(occupied).writing([pending]))
        }
    }
}

/// Whether HubSoft has changed its mind: later work is queued for the port, or for the service, which HubSoft has put elsewhere.
async fn later(cx: &Cx<'_, Bind>, port: i64) -> Result<Later, Trouble> {
    let (network, service) = (&*cx.ports.network, cx.input.id_cliente_servico);
    let later = network.later_work(&[format!("port:{port}")], cx.position).await?;
    if later != Later::Nothing || network.other_ports_of(service, port).await?.is_empty() {
        return Ok(later);
    }
    network.later_work(&[format!("service:{service}")], cx.position).await
}

/// B6: what the platform shows decides what is done next, and whether it is done.
async fn looking(cx: &Cx<'_, Bind>) -> Result<Next<State, Change>, Trouble> {
    let port = crate::port_to_send(cx.ports, cx.input.id_porta_atendimento).await?;
    let shown = port.map.look_at_port(&port.port.address).await?;
    Ok(match taking::place(&port, cx.input.id_cliente_servico, shown).await? {
        Place::Its(external_id) => {
            let shows = Transmission::Sent(Some(external_id.clone()));
            to(State::Bound { external_id }).writing([Change::Transmission { port: port.port.id, shows }])
        }
        Place::Open(seats) => to(State::Attaching { seats }),
        Place::Held(seat) => to(State::Clearing { seat }),
    })
}
