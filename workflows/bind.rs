//! Bind: make the platform show a customer's service on the port that HubSoft gave it (rules B1, B2, B6–B10).
//!
//! HubSoft has changed its port row and enqueued this in one transaction; a request over HTTP has not, and then the first
//! step changes the row under the project's rules (B9). Whoever sits on the port on the platform is taken off first. Before
//! each write the platform is looked at, and after it again (B6): every road to the end leads through `looking`.

use std::time::Duration;

use engine::workflow::{Cx, Decided, Decision, End, Lane, Next, Step, Text, Trouble as InTrouble, Workflow, says, to};
use mapping::{Change, Port, Transmission};
use platforms::{CustomerToAttach, Occupancy, Seat};
use serde::{Deserialize, Serialize};
use strum::{EnumDiscriminants, EnumIter, IntoStaticStr};

use crate::{
    Later, Ports, Trouble,
    retries::{LOOKING, WRITING},
};

/// The operation.
pub struct Bind;

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
            State::Looking { seat } => Ok(looking(cx).await?.writing(seat.and_then(|seat| look_again(cx, &seat)))),
            State::Clearing { seat } => {
                let port = crate::port_to_send(cx.ports, cx.input.id_porta_atendimento).await?;
                port.map.detach(&seat, port.removal).await?;
                Ok(to(State::Looking { seat: None }).writing(look_again(cx, &seat)))
            }
            State::Attaching { seats } => {
                let port = crate::port_to_send(cx.ports, cx.input.id_porta_atendimento).await?;
                port.map.attach(&port.port.address, &customer(cx).await?, &seats).await?;
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
    match cx.ports.network.later_work(&format!("port:{id}"), cx.position).await? {
        Later::Queued => {
            Ok(to(State::Superseded { occupant: port.occupant }).writing([Change::LeaveToClear { port: id }]))
        }
        Later::NotKnownYet => Ok(Next::Again { after: Duration::from_millis(100), why: crate::INTAKE }),
        Later::Nothing => Ok(to(State::Looking { seat: None }).writing(occupy(cx, &port).await?).writing([pending])),
    }
}

/// B9: nobody has changed HubSoft's port yet, so this does, unless the project's rules forbid it.
async fn occupy(cx: &Cx<'_, Bind>, port: &Port) -> Result<Vec<Change>, Trouble> {
    let (input, rules) = (cx.input, port.rules);
    let refuse = |code, message| Err(Trouble::Refused { code, message });
    if let Some(occupant) = port.occupant {
        return refuse(
            "bind.port_occupied",
            format!(
                "a porta {} já tem o serviço {occupant} no HubSoft: desvincule-o antes / port {} already has service {occupant} in HubSoft: unbind it first",
                port.id, port.id
            ),
        );
    }
    if port.reserved && rules.bloquear_vinculo_porta_reservada && !input.forcar_remocao_reserva {
        return refuse(
            "bind.port_reserved",
            format!(
                "a porta {} está reservada: libere-a ou use forcar_remocao_reserva / port {} is reserved: release it or use forcar_remocao_reserva",
                port.id, port.id
            ),
        );
    }
    let mut changes = Vec::new();
    if rules.cliente_unico_porta {
        let others = cx.ports.network.other_ports_of(input.id_cliente_servico, port.id).await?;
        if let (Some(other), false) = (others.first(), input.forcar_troca_porta) {
            return refuse(
                "bind.service_elsewhere",
                format!(
                    "o serviço já está na porta {other}: desvincule-o ou use forcar_troca_porta / the service already sits on port {other}: unbind it or use forcar_troca_porta"
                ),
            );
        }
        changes.extend(others.into_iter().map(|port| Change::Vacate { port, service: input.id_cliente_servico }));
    }
    changes.push(Change::Occupy { port: port.id, service: input.id_cliente_servico, lift_reservation: port.reserved });
    Ok(changes)
}

/// B6: what the platform shows decides what is done next, and whether it is done.
async fn looking(cx: &Cx<'_, Bind>) -> Result<Next<State, Change>, Trouble> {
    let port = crate::port_to_send(cx.ports, cx.input.id_porta_atendimento).await?;
    let code = cx.input.id_cliente_servico.to_string();
    match port.map.look_at_port(&port.port.address).await? {
        Occupancy::Taken(seat) if seat.code.as_deref() == Some(&code) => {
            let shows = Transmission::Sent(Some(seat.external_id.clone()));
            let sent = Change::Transmission { port: port.port.id, shows };
            Ok(to(State::Bound { external_id: seat.external_id }).writing([sent]))
        }
        Occupancy::Reserved(seat) if seat.code.as_deref() == Some(&code) => {
            Ok(to(State::Attaching { seats: port.map.seats_of(&code).await? }))
        }
        Occupancy::Taken(seat) | Occupancy::Reserved(seat) => Ok(to(State::Clearing { seat })),
        Occupancy::Free => Ok(to(State::Attaching { seats: port.map.seats_of(&code).await? })),
        Occupancy::TakenByEquipment => Err(crate::refused_by_drawing(
            &port.port,
            "ocupada por um equipamento, não por um cliente",
            "taken by equipment, not by a customer",
        )),
        Occupancy::Blocked => Err(crate::refused_by_drawing(&port.port, "bloqueada", "blocked")),
        Occupancy::NoSuchPort => Err(crate::refused_by_drawing(
            &port.port,
            "inexistente (sincronize o projeto)",
            "not there (sync the project)",
        )),
    }
}

/// The customer who was taken off is looked at again wherever HubSoft says that he sits.
fn look_again(cx: &Cx<'_, Bind>, seat: &Seat) -> Option<Change> {
    crate::look_again(cx.input.id_porta_atendimento, seat)
}

/// B2: what is sent of a customer, and nothing else.
async fn customer(cx: &Cx<'_, Bind>) -> Result<CustomerToAttach, Trouble> {
    let id = cx.input.id_cliente_servico;
    let service = cx.ports.network.service(id).await?.ok_or_else(|| Trouble::Refused {
        code: "bind.no_such_service",
        message: format!("o serviço {id} não existe no HubSoft / service {id} is not in HubSoft"),
    })?;
    Ok(CustomerToAttach { code: id.to_string(), name: service.name, document: service.document, place: service.place })
}
