//! Migrate: an old service leaves its port, and a new one, of the same or of another customer, takes that port or another one
//! (rules B1, B2, B4, B6–B11).
//!
//! HubSoft has changed its rows and enqueued this in one transaction; a request over HTTP has not, and then the first step
//! changes them under the project's rules (B9). The new one's port is looked at before anything is written, so that a port
//! which cannot be used leaves all as it is. Then the old one leaves; from `placing` on it is off, and whatever goes wrong
//! says so (B4). On which port the old one sits is known from the payload, shows on the new one's port, or is asked of the
//! platforms.

use engine::workflow::{Cx, Decided, Decision, End, Lane, Next, Step, Text, Trouble as InTrouble, Workflow, says, to};
use mapping::{Change, Transmission};
use platforms::Seat;
use serde::{Deserialize, Serialize};
use strum::{EnumDiscriminants, EnumIter, IntoStaticStr};

use crate::{
    Ports, Trouble,
    leaving::Search,
    retries::{LOOKING, WRITING},
    taking::{self, Codes, Place},
};

mod begin;
mod old;

/// The operation.
pub struct Migrate;

const CODES: Codes = Codes {
    port_occupied: "migrate.port_occupied",
    port_reserved: "migrate.port_reserved",
    service_elsewhere: "migrate.service_elsewhere",
    no_such_service: "migrate.no_such_service",
};

// From here on the old service is off, and every word says so (B4).
const LOOK_AT_NEW: Text =
    says("olhar a porta do serviço novo (o antigo já saiu)", "look at the new service's port (the old one is off)");
const TAKE_THIRD_OFF: Text = says(
    "retirar da porta um terceiro cliente (o serviço antigo já saiu)",
    "take a third customer off the port (the old service is off)",
);
const PUT_NEW_ON: Text =
    says("colocar o serviço novo na porta (o antigo já saiu)", "put the new service on the port (the old one is off)");
const MIGRATED: Text =
    says("o antigo saiu e a plataforma mostra o novo", "the old one is off and the platform shows the new one");
const LEFT: Text = says(
    "o antigo saiu; nada a enviar para a porta do novo",
    "the old one is off; nothing is sent for the new one's port",
);
const HALF_WAIVED: Text =
    says("o antigo saiu; colocar o novo foi dispensado", "the old one is off; putting the new one on was waived");

/// The two services and their ports. What is left out of it is filled in by the database, in HubSoft's transaction.
#[derive(Debug, Serialize, Deserialize)]
pub struct Input {
    /// The service that leaves.
    pub id_cliente_servico_antigo: i64,
    /// The service that comes.
    pub id_cliente_servico: i64,
    /// The port that the new one takes.
    pub id_porta_atendimento: i64,
    /// The port that the old one leaves; none: it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_porta_atendimento_antiga: Option<i64>,
    /// Over HTTP: move the new service here although it sits on another port (rule B9).
    #[serde(default)]
    pub forcar_troca_porta: bool,
    /// Over HTTP: take a reserved port (rule B9).
    #[serde(default)]
    pub forcar_remocao_reserva: bool,
}

/// What follows once the old service is off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "next", rename_all = "snake_case")]
pub enum Then {
    /// The new one takes its port.
    Place,
    /// Nothing is sent for the new one's port.
    Stop {
        /// Why.
        reason: String,
    },
    /// Later work has the new one's port.
    Yield {
        /// Who sits on it in HubSoft by now.
        occupant: Option<i64>,
    },
}

/// Where a migrate stands. The names are stored.
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
    /// Does the old service sit on the first of these ports?
    Leaving {
        /// Ports that are still to be looked at.
        ports: Vec<i64>,
        /// It is known where the old one sat.
        met: bool,
        /// What follows.
        then: Then,
    },
    /// It does.
    Detaching {
        /// Its seat.
        seat: Seat,
        /// As above: the first is the seat's.
        ports: Vec<i64>,
        /// As above.
        met: bool,
        /// As above.
        then: Then,
    },
    /// It is on none of the ports that could be known.
    Searching {
        /// Where it is looked for.
        search: Search,
        /// As above.
        then: Then,
    },
    /// The old one is off. What does the platform show on the new one's port?
    Placing {
        /// A third customer's, whose removal was interrupted: it may have been done, or may be under way still.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seat: Option<Seat>,
    },
    /// The old one is off, and a third customer sits there.
    Clearing {
        /// That customer's seat.
        seat: Seat,
    },
    /// The old one is off, and the port is free.
    Attaching {
        /// Where the new service sits on the platform now, if anywhere.
        seats: Vec<Seat>,
    },
    /// The platform shows the new one.
    Migrated {
        /// The platform's id of the seat.
        external_id: String,
    },
    /// The old one is off, and nothing is sent for the new one's port.
    Left {
        /// Why.
        reason: String,
    },
    /// The old one is off, and a person has waived the rest.
    HalfWaived {
        /// Who, and why.
        reason: String,
    },
    /// Nothing is sent.
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

impl Workflow for Migrate {
    const NAME: &'static str = "migrate";
    const LANE: Lane = Lane::Change;
    const ABOUT: Text = says("trocar o serviço de uma porta por outro", "replace a port's service by another one");
    type Input = Input;
    type State = State;
    type At = At;
    type Ports = Ports;
    type Change = Change;
    type Error = Trouble;

    fn keys(input: &Input) -> Vec<String> {
        let ports = [Some(input.id_porta_atendimento), input.other_port()];
        let services = [input.id_cliente_servico_antigo, input.id_cliente_servico];
        let ports = ports.into_iter().flatten().map(|port| format!("port:{port}"));
        ports.chain(services.map(|service| format!("service:{service}"))).collect()
    }

    fn begin(_input: &Input) -> State {
        State::Requested
    }

    fn step(at: At) -> Step<At> {
        use At::*;
        match at {
            Requested => Step::look(
                says("conferir as portas no HubSoft", "check the ports in HubSoft"),
                LOOKING,
                &[Leaving, NotApplicable, Superseded],
            ),
            Leaving => Step::look(
                says("olhar se o serviço antigo está na porta", "look whether the old service is on the port"),
                LOOKING,
                &[Leaving, Detaching, Searching, Placing, Attaching, Left, Superseded],
            ),
            Detaching => Step::write(
                says("retirar o serviço antigo da porta", "take the old service off its port"),
                WRITING,
                Leaving,
                &[Leaving],
            ),
            Searching => Step::look(
                says("procurar o serviço antigo na plataforma", "search the platform for the old service"),
                LOOKING,
                &[Searching, Leaving, Placing, Superseded],
            ),
            Placing => Step::look(LOOK_AT_NEW, LOOKING, &[Clearing, Attaching, Migrated]),
            Clearing => Step::write(TAKE_THIRD_OFF, WRITING, Placing, &[Placing]),
            Attaching => Step::write(PUT_NEW_ON, WRITING, Placing, &[Placing]),
            Migrated => Step::end(End::Succeeded, MIGRATED),
            Left => Step::end(End::Succeeded, LEFT),
            HalfWaived => Step::end(End::NotApplicable, HALF_WAIVED),
            NotApplicable => Step::end(End::NotApplicable, says("nada a enviar", "nothing is sent")),
            Superseded => Step::end(
                End::Superseded,
                says("o HubSoft já mudou a porta de novo", "HubSoft has changed the port again since"),
            ),
        }
    }

    async fn advance(state: State, cx: &Cx<'_, Self>) -> Result<Next<State, Change>, Trouble> {
        match state {
            State::Requested => begin::requested(cx).await,
            State::Leaving { ports, met, then } => old::leave(cx, ports, met, then).await,
            State::Detaching { seat, ports, met, then } => {
                if let Some(id) = ports.first() {
                    let port = crate::port_to_send(cx.ports, *id).await?;
                    port.map.detach(&seat, port.removal).await?;
                }
                Ok(to(State::Leaving { ports, met, then }))
            }
            State::Searching { search, then } => old::seek(cx, search, then).await,
            State::Placing { seat } => match place(cx).await {
                Ok(next) => Ok(next.writing(cx.input.look_again(seat.as_ref()))),
                Err(trouble) => Err(cx.input.half_done(trouble)),
            },
            State::Clearing { seat } => clear(cx, &seat).await.map_err(|trouble| cx.input.half_done(trouble)),
            State::Attaching { seats } => attach(cx, &seats).await.map_err(|trouble| cx.input.half_done(trouble)),
            State::Migrated { .. }
            | State::Left { .. }
            | State::HalfWaived { .. }
            | State::NotApplicable { .. }
            | State::Superseded { .. } => Ok(to(state)),
        }
    }

    /// The old one's port is in trouble as long as the old one may be there.
    fn in_trouble(input: &Input, trouble: &InTrouble<'_>) -> Vec<Change> {
        let mut told = crate::transmission_in_trouble(input.id_porta_atendimento, trouble);
        let old_may_be_there = [At::Leaving, At::Detaching, At::Searching].map(<&str>::from).contains(&trouble.at);
        if let (Some(port), true) = (input.other_port(), old_may_be_there) {
            told.extend(crate::transmission_in_trouble(port, trouble));
        }
        told
    }

    /// Whoever waives it has seen to the ports on the platform, or does not want it there; what is done already is said.
    fn decisions(at: At) -> &'static [(Decision, At)] {
        use At::*;
        match at {
            Requested | Leaving | Detaching | Searching => &[(Decision::Skip, NotApplicable)],
            Placing | Clearing | Attaching => &[(Decision::Skip, HalfWaived)],
            _ => &[],
        }
    }

    fn decided(state: State, by: &Decided<'_>) -> Option<State> {
        let reason = crate::waived(by);
        (by.decision == Decision::Skip).then_some(match state {
            State::Placing { .. } | State::Clearing { .. } | State::Attaching { .. } => State::HalfWaived { reason },
            _ => State::NotApplicable { reason },
        })
    }
}

impl Input {
    /// The old one's port where it is known to be another than the new one's.
    fn other_port(&self) -> Option<i64> {
        self.id_porta_atendimento_antiga.filter(|port| *port != self.id_porta_atendimento)
    }

    /// B2: whoever was taken off for the new one.
    fn look_again(&self, seat: Option<&Seat>) -> Option<Change> {
        let own = [self.id_cliente_servico_antigo, self.id_cliente_servico];
        crate::look_again(self.id_porta_atendimento, seat?, &own)
    }

    /// B4: what failed is only the half that is left to do.
    fn half_done(&self, trouble: Trouble) -> Trouble {
        let (old, new) = (self.id_cliente_servico_antigo, self.id_cliente_servico);
        let pt = format!("o serviço antigo ({old}) já saiu, o novo ({new}) ainda não entrou");
        let en = format!("the old service ({old}) is off, the new one ({new}) is not on yet");
        trouble.saying_first(&pt, &en)
    }
}

/// B2, B6: what the platform shows decides what is done next, and whether it is done.
async fn place(cx: &Cx<'_, Migrate>) -> Result<Next<State, Change>, Trouble> {
    let port = crate::port_to_send(cx.ports, cx.input.id_porta_atendimento).await?;
    let shown = port.map.look_at_port(&port.port.address).await?;
    Ok(match taking::place(&port, cx.input.id_cliente_servico, shown).await? {
        Place::Its(external_id) => {
            let shows = Transmission::Sent(Some(external_id.clone()));
            to(State::Migrated { external_id }).writing([Change::Transmission { port: port.port.id, shows }])
        }
        Place::Open(seats) => to(State::Attaching { seats }),
        Place::Held(seat) => to(State::Clearing { seat }),
    })
}

async fn clear(cx: &Cx<'_, Migrate>, seat: &Seat) -> Result<Next<State, Change>, Trouble> {
    let port = crate::port_to_send(cx.ports, cx.input.id_porta_atendimento).await?;
    port.map.detach(seat, port.removal).await?;
    Ok(to(State::Placing { seat: None }).writing(cx.input.look_again(Some(seat))))
}

async fn attach(cx: &Cx<'_, Migrate>, seats: &[Seat]) -> Result<Next<State, Change>, Trouble> {
    let port = crate::port_to_send(cx.ports, cx.input.id_porta_atendimento).await?;
    let customer = taking::customer(&*cx.ports.network, cx.input.id_cliente_servico, &CODES).await?;
    port.map.attach(&port.port.address, &customer, seats).await?;
    Ok(to(State::Placing { seat: None }))
}

#[cfg(test)]
#[path = "migrate_tests.rs"]
mod tests;
