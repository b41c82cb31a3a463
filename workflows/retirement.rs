//! Retirement: a removal order is finished, and the service that it is for leaves its port in HubSoft and on the platform
//! (rules B1, B5–B7, B10, B11).
//!
//! Only a finished, completed order of a type that the ISP calls a removal takes anything out; what it lacks is said. The
//! service leaves every port that it has in HubSoft, unless HubSoft has put it there after the order (B7). Where it has none,
//! HubSoft may have cleared it in its own transaction, and the platforms are asked.

use std::time::Duration;

use engine::workflow::{Cx, Decided, Decision, End, Lane, Next, Step, Text, Trouble as InTrouble, Workflow, says, to};
use mapping::{Change, ServiceOrder, Transmission};
use platforms::Seat;
use serde::{Deserialize, Serialize};
use strum::{EnumDiscriminants, EnumIter, IntoStaticStr};

use crate::{
    Later, Ports, Trouble,
    leaving::{self, Found, Search, There},
    retries::{LOOKING, WRITING},
};

/// The operation.
pub struct Retirement;

/// The order. Its service and the ports are filled in by the database, in HubSoft's transaction.
#[derive(Debug, Serialize, Deserialize)]
pub struct Input {
    /// The order.
    pub id_ordem_servico: i64,
    /// Its service; none: there was no such order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_cliente_servico: Option<i64>,
    /// The port that the service leaves; none: it sat on no port in HubSoft.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_porta_atendimento: Option<i64>,
    /// The others, where it had several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outras_portas: Vec<i64>,
}

/// Where a retirement stands. The names are stored.
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
    /// Does the service sit on the first of these ports?
    Leaving {
        /// Ports that are still to be looked at.
        ports: Vec<i64>,
        /// It is known where it sat.
        met: bool,
    },
    /// It does.
    Detaching {
        /// Its seat.
        seat: Seat,
        /// As above: the first is the seat's.
        ports: Vec<i64>,
        /// As above.
        met: bool,
    },
    /// It is on none of the ports that could be known.
    Searching {
        /// Where it is looked for.
        search: Search,
    },
    /// The service is off.
    Retired,
    /// Nothing is taken out.
    NotApplicable {
        /// Why.
        reason: String,
    },
}

impl Workflow for Retirement {
    const NAME: &'static str = "retirement";
    const LANE: Lane = Lane::Change;
    const ABOUT: Text =
        says("retirar um serviço da porta (ordem de retirada)", "take a service off its port (removal order)");
    type Input = Input;
    type State = State;
    type At = At;
    type Ports = Ports;
    type Change = Change;
    type Error = Trouble;

    fn keys(input: &Input) -> Vec<String> {
        let ports = input.ports().into_iter().map(|port| format!("port:{port}"));
        ports.chain(input.id_cliente_servico.map(|service| format!("service:{service}"))).collect()
    }

    fn begin(_input: &Input) -> State {
        State::Requested
    }

    fn step(at: At) -> Step<At> {
        use At::*;
        match at {
            Requested => Step::look(
                says("conferir a ordem de serviço no HubSoft", "check the service order in HubSoft"),
                LOOKING,
                &[Leaving, Searching, NotApplicable],
            ),
            Leaving => Step::look(
                says("olhar se o serviço está na porta", "look whether the service is on the port"),
                LOOKING,
                &[Leaving, Detaching, Searching, Retired],
            ),
            Detaching => Step::write(
                says("retirar o cliente da porta", "take the customer off the port"),
                WRITING,
                Leaving,
                &[Leaving],
            ),
            Searching => Step::look(
                says("procurar o serviço na plataforma", "search the platform for the service"),
                LOOKING,
                &[Searching, Leaving, Retired, NotApplicable],
            ),
            Retired => Step::end(End::Succeeded, says("o serviço saiu da porta", "the service is off the port")),
            NotApplicable => Step::end(End::NotApplicable, says("nada a retirar", "nothing is taken out")),
        }
    }

    async fn advance(state: State, cx: &Cx<'_, Self>) -> Result<Next<State, Change>, Trouble> {
        match state {
            State::Requested => requested(cx).await,
            State::Leaving { ports, met } => leave(cx, ports, met).await,
            State::Detaching { seat, ports, met } => {
                if let Some(id) = ports.first() {
                    let port = crate::port_to_send(cx.ports, *id).await?;
                    port.map.detach(&seat, port.removal).await?;
                }
                Ok(to(State::Leaving { ports, met }))
            }
            State::Searching { search } => seek(cx, search).await,
            State::Retired | State::NotApplicable { .. } => Ok(to(state)),
        }
    }

    fn in_trouble(input: &Input, trouble: &InTrouble<'_>) -> Vec<Change> {
        // What the order lacks is no port's trouble.
        let ports = if trouble.at == <&str>::from(At::Requested) { Vec::new() } else { input.ports() };
        ports.into_iter().flat_map(|port| crate::transmission_in_trouble(port, trouble)).collect()
    }

    /// Whoever waives it has seen to the port on the platform, or does not want it free.
    fn decisions(at: At) -> &'static [(Decision, At)] {
        use At::*;
        match at {
            Requested | Leaving | Detaching | Searching => &[(Decision::Skip, NotApplicable)],
            _ => &[],
        }
    }

    fn decided(_state: State, by: &Decided<'_>) -> Option<State> {
        (by.decision == Decision::Skip).then(|| State::NotApplicable { reason: crate::waived(by) })
    }
}

impl Input {
    /// The ports that are known, each once.
    fn ports(&self) -> Vec<i64> {
        self.id_porta_atendimento.into_iter().chain(self.outras_portas.iter().copied()).collect()
    }

    /// The service: a retirement that got this far has one.
    fn service(&self) -> Result<i64, Trouble> {
        self.id_cliente_servico.ok_or_else(|| Trouble::Refused {
            code: "retirement.not_ordered",
            message: format!(
                "a ordem {0} ainda não existia quando isto foi pedido: peça de novo / order {0} was not there yet when this was asked for: ask again",
                self.id_ordem_servico
            ),
        })
    }
}

/// B5: does the order take anything out? And B1: of which ports is a platform told?
async fn requested(cx: &Cx<'_, Retirement>) -> Result<Next<State, Change>, Trouble> {
    let network = &*cx.ports.network;
    if let Some(reason) = lacks(network.service_order(cx.input.id_ordem_servico).await?, cx.input.id_ordem_servico) {
        return Ok(to(State::NotApplicable { reason }));
    }
    let service = cx.input.service()?;
    let mut changes = Vec::new();
    let mut ports = cx.input.ports();
    for id in network.other_ports_of(service, NO_PORT).await? {
        match leaving::put_back(network, id, service, cx.position).await? {
            Later::Queued => {}
            Later::NotKnownYet => return Ok(Next::Again { after: Duration::from_millis(100), why: crate::INTAKE }),
            Later::Nothing => {
                changes.push(Change::Vacate { port: id, service });
                ports.extend((!ports.contains(&id)).then_some(id));
            }
        }
    }
    let (mut sent, mut unsent) = (Vec::new(), Vec::new());
    for id in ports {
        match crate::sendable(network.port(id).await?, id) {
            Ok(_) => sent.push(id),
            Err(reason) => unsent.push(reason),
        }
    }
    changes.extend(sent.iter().map(|port| Change::Transmission { port: *port, shows: Transmission::Pending }));
    let next = if !sent.is_empty() {
        State::Leaving { ports: sent, met: false }
    } else if let Some(reason) = unsent.into_iter().next() {
        State::NotApplicable { reason }
    } else {
        State::Searching { search: Search::of(network.integrations_in_use().await?) }
    };
    Ok(to(next).writing(changes))
}

/// No port has this number.
const NO_PORT: i64 = 0;

/// What an order lacks to take equipment out; nothing: it does.
fn lacks(order: Option<ServiceOrder>, id: i64) -> Option<String> {
    let Some(ServiceOrder { kind, removal, status, closing, .. }) = order else {
        return Some(format!("a ordem de serviço {id} não existe / service order {id} does not exist"));
    };
    let kind = kind.unwrap_or_else(|| "?".to_owned());
    if !removal {
        return Some(format!(
            "a ordem {id} não é de retirada: o tipo \"{kind}\" não está marcado como tal / order {id} is no removal: its type \"{kind}\" is not marked as one"
        ));
    }
    if status != "finalizado" {
        return Some(format!(
            "a ordem {id} ainda não foi finalizada (está \"{status}\"): peça de novo quando for / order {id} is not finished yet (it is \"{status}\"): ask again once it is"
        ));
    }
    (closing.as_deref() != Some("concluido")).then(|| {
        format!(
            "a ordem {id} foi fechada sem conclusão: o equipamento continua lá / order {id} was closed without completion: the equipment is still there"
        )
    })
}

/// B3, B6: the service is looked for on one port.
async fn leave(cx: &Cx<'_, Retirement>, ports: Vec<i64>, met: bool) -> Result<Next<State, Change>, Trouble> {
    let Some(&id) = ports.first() else { return retired(cx).await };
    let at = crate::port_to_send(cx.ports, id).await?;
    let shown = at.map.look_at_port(&at.port.address).await?;
    let change = match leaving::there(&*cx.ports.network, &at.port, cx.input.service()?, shown).await? {
        There::Seat(seat) => return Ok(to(State::Detaching { seat, ports, met: true })),
        There::Else(difference) => Some(difference),
        // B10: those that were known from the beginning are told of at the end.
        There::Free if !cx.input.ports().contains(&id) => {
            Some(Change::Transmission { port: id, shows: Transmission::Sent(None) })
        }
        There::Free => None,
    };
    let rest = ports.into_iter().skip(1).collect::<Vec<_>>();
    let next = if !rest.is_empty() {
        to(State::Leaving { ports: rest, met })
    } else if !met {
        let integrations =
            leaving::integrations_of(&*cx.ports.network, &[&cx.input.ports()[..], &[id]].concat()).await?;
        to(State::Searching { search: Search::of(integrations) })
    } else {
        retired(cx).await?
    };
    Ok(next.writing(change))
}

async fn seek(cx: &Cx<'_, Retirement>, search: Search) -> Result<Next<State, Change>, Trouble> {
    let service = cx.input.service()?;
    Ok(match search.ask(cx.ports, service).await? {
        Found::On(ports) => to(State::Leaving { ports, met: true }),
        Found::GoOn(search) => to(State::Searching { search }),
        Found::Nowhere if cx.input.ports().is_empty() => to(State::NotApplicable {
            reason: format!(
                "o serviço {service} não está em nenhuma porta, nem no HubSoft nem nas plataformas / service {service} sits on no port, neither in HubSoft nor on the platforms"
            ),
        }),
        Found::Nowhere => retired(cx).await?,
    })
}

async fn retired(cx: &Cx<'_, Retirement>) -> Result<Next<State, Change>, Trouble> {
    Ok(to(State::Retired).writing(leaving::told_off(&*cx.ports.network, &cx.input.ports()).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b5_only_a_finished_and_completed_removal_takes_anything_out() {
        let order = |removal, status: &str, closing: Option<&str>| ServiceOrder {
            id: 77,
            service: 4411,
            kind: Some("RECOLHIMENTO".to_owned()),
            removal,
            status: status.to_owned(),
            closing: closing.map(str::to_owned),
        };
        assert_eq!(lacks(Some(order(true, "finalizado", Some("concluido"))), 77), None);
        for (order, why) in [
            (None, "does not exist"),
            (Some(order(false, "finalizado", Some("concluido"))), "its type \"RECOLHIMENTO\" is not marked"),
            (Some(order(true, "pendente", None)), "is not finished yet (it is \"pendente\")"),
            (Some(order(true, "aguardando_agendamento", Some("concluido"))), "is not finished yet"),
            (Some(order(true, "finalizado", Some("sem_conclusao"))), "closed without completion"),
            (Some(order(true, "finalizado", None)), "closed without completion"),
        ] {
            let said = lacks(order, 77).unwrap();
            assert!(said.contains(why), "{said}");
            assert_eq!(said.matches(" / ").count(), 1, "{said}");
        }
    }

    #[test]
    fn b7_a_retirement_is_ordered_by_its_service_and_all_its_ports() {
        let keys = |input| Retirement::keys(&serde_json::from_value(input).unwrap());
        let whole = serde_json::json!({ "id_ordem_servico": 77, "id_cliente_servico": 4411,
            "id_porta_atendimento": 812, "outras_portas": [813] });
        assert_eq!(keys(whole), ["port:812", "port:813", "service:4411"]);
        assert!(keys(serde_json::json!({ "id_ordem_servico": 77 })).is_empty());
    }
}
