//! "Why is this customer not on the map yet?", answered in one sentence from what is known: HubSoft's port, its transmission, the
//! work that is under way or was done, and what a sync found. Nobody's name stands in it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use strum::{Display, IntoStaticStr};
use utoipa::ToSchema;

use super::{discrepancies::Discrepancy, ports::Port, services::Service, workflows::Summary};

/// How HubSoft's word and the platform's stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema, Display, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Stand {
    /// The platform shows what HubSoft says.
    There,
    /// Work for that is under way, or waits.
    UnderWay,
    /// A person has to do something.
    NeedsPerson,
    /// The platform does not show it.
    NotThere,
    /// HubSoft has nothing there that a platform could show.
    Nothing,
}

/// The answer.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = OneSentence)]
pub struct Answer {
    /// How it stands, for programs.
    pub stand: Stand,
    /// In a sentence, in Portuguese.
    #[schema(example = "está no OZMap: o enlace conferiu depois de enviar")]
    pub pt: String,
    /// The same in English.
    #[schema(example = "is on OZMap: enlace has looked after sending")]
    pub en: String,
    /// The time that the sentence is about: of the last try, or since when it is so.
    pub at: Option<DateTime<Utc>>,
}

/// What the platform was last seen to say.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Seen {
    /// In Portuguese.
    #[schema(example = "mostra o serviço 4411")]
    pub pt: String,
    /// In English.
    #[schema(example = "shows service 4411")]
    pub en: String,
    /// When it was seen.
    pub at: Option<DateTime<Utc>>,
}

fn says(stand: Stand, (pt, en): (String, String), at: Option<DateTime<Utc>>) -> Answer {
    Answer { stand, pt, en, at }
}

/// A platform as people write its name.
pub fn platform(name: &str) -> &str {
    match name {
        "ozmap" => "OZMap",
        "geosite" => "Geosite",
        "geogrid" => "GeoGrid",
        other => other,
    }
}

fn operation(kind: &str) -> (&str, &str) {
    match kind {
        "bind" => ("o vínculo", "the bind"),
        "unbind" => ("o desvínculo", "the unbind"),
        "migrate" => ("a migração", "the migration"),
        "retirement" => ("a retirada", "the retirement"),
        other => (other, other),
    }
}

/// Why a service is, or is not, on the platform where HubSoft has it.
pub fn of_service(service: &Service, ports: &[Port], workflows: &[Summary], differs: Option<&Discrepancy>) -> Answer {
    // Of several ports, the one that is not there yet is asked about.
    let port = ports.iter().find(|port| port.differs || port.transmission != "sent").or(ports.first());
    match port {
        Some(port) => of_port(port, workflows, differs),
        None => nowhere(service, workflows),
    }
}

fn nowhere(service: &Service, workflows: &[Summary]) -> Answer {
    if let Some(one) = under_way(workflows) {
        return working(one, "");
    }
    let last = workflows.first();
    let at = last.and_then(|one| one.ended_at);
    let (mut pt, mut en) = match service.is_cancelled() {
        true => (
            "o serviço está cancelado no HubSoft e não ocupa porta".to_owned(),
            "the service is cancelled in HubSoft and sits on no port".to_owned(),
        ),
        false => (
            "o HubSoft não tem este serviço em porta alguma: vincule-o a uma porta, e ele é enviado".to_owned(),
            "HubSoft has this service on no port: put it on one, and it is sent".to_owned(),
        ),
    };
    if let Some(one) = last {
        let (of_pt, of_en) = operation(&one.kind);
        pt = format!("{pt}; a última operação foi {of_pt}: {}", one.explanation.pt);
        en = format!("{en}; the last work was {of_en}: {}", one.explanation.en);
    }
    says(Stand::Nothing, (pt, en), at)
}

/// Why the platform shows, or does not show, what HubSoft says of a port.
pub fn of_port(port: &Port, workflows: &[Summary], differs: Option<&Discrepancy>) -> Answer {
    let Some(name) = port.platform.as_deref().map(platform) else {
        let words = (
            "a porta é de um projeto sem integração: nada é enviado por ela".to_owned(),
            "the port is of a project without an integration: nothing is sent for it".to_owned(),
        );
        return says(Stand::Nothing, words, None);
    };
    if let Some(one) = under_way(workflows) {
        return working(one, name);
    }
    if let Some(one) = differs.filter(|one| one.id_porta_atendimento == port.id_porta_atendimento) {
        let words = (
            format!("o HubSoft e o {name} divergem, e uma pessoa decide: {}", one.explanation.pt),
            format!("HubSoft and {name} differ, and a person decides: {}", one.explanation.en),
        );
        return says(Stand::NeedsPerson, words, Some(one.since));
    }
    if let Some(since) = port.missing_since {
        let words = (format!("a porta sumiu do {name}"), format!("the port is gone from {name}"));
        return says(Stand::NotThere, words, Some(since));
    }
    transmitted(port, name, workflows.first())
}

fn transmitted(port: &Port, name: &str, last: Option<&Summary>) -> Answer {
    let at = port.data_tentativa_transmissao;
    let why = port.transmission_error.as_deref().or(last.map(|one| one.explanation.pt.as_str())).unwrap_or("?");
    let why_en = port.transmission_error.as_deref().or(last.map(|one| one.explanation.en.as_str())).unwrap_or("?");
    let (stand, pt, en) = match (port.id_cliente_servico, port.transmission.as_str()) {
        (None, "failed") => (
            Stand::NotThere,
            format!("a porta está livre no HubSoft, e o {name} recusou a mudança: {why}"),
            format!("the port is free in HubSoft, and {name} refused the change: {why_en}"),
        ),
        (None, _) => (
            Stand::Nothing,
            "o HubSoft não tem cliente nesta porta".to_owned(),
            "HubSoft has no customer on this port".to_owned(),
        ),
        (Some(_), "sent") => {
            (Stand::There, format!("está no {name}: o enlace conferiu"), format!("is on {name}: enlace has looked"))
        }
        (Some(_), "failed") => {
            (Stand::NotThere, format!("o envio ao {name} falhou: {why}"), format!("sending to {name} failed: {why_en}"))
        }
        (Some(_), "unknown") => (
            Stand::NeedsPerson,
            format!("não se sabe se o {name} gravou: confira lá"),
            format!("it is not known whether {name} stored it: look there"),
        ),
        (Some(_), "pending") => (
            Stand::NotThere,
            format!("o envio ao {name} foi pedido, mas nenhuma operação está aberta: {why}"),
            format!("sending to {name} was asked for, but no work is open: {why_en}"),
        ),
        (Some(_), _) => (
            Stand::NotThere,
            format!(
                "nunca foi enviado ao {name}: ninguém pediu. Refaça o vínculo no HubSoft, ou sincronize e resolva a divergência"
            ),
            format!(
                "was never sent to {name}: nobody asked for it. Bind it again in HubSoft, or sync and settle the difference"
            ),
        ),
    };
    says(stand, (pt, en), at)
}

/// The oldest that has not ended holds up the others.
fn under_way(workflows: &[Summary]) -> Option<&Summary> {
    workflows.iter().rev().find(|one| one.ended_at.is_none())
}

fn working(one: &Summary, name: &str) -> Answer {
    let (of_pt, of_en) = operation(&one.kind);
    let to = |words: &str| if name.is_empty() { String::new() } else { format!(" {words} {name}") };
    let stand = if one.status == "parked" { Stand::NeedsPerson } else { Stand::UnderWay };
    let words = (
        format!("ainda não: {of_pt}{} {}", to("no"), one.explanation.pt),
        format!("not yet: {of_en}{} {}", to("on"), one.explanation.en),
    );
    says(stand, words, Some(one.created_at))
}

/// What the platform was last seen to say of a port: by a sync, or by whoever looked after a write (rule B6).
pub fn seen(port: &Port) -> Seen {
    let tried = port.data_tentativa_transmissao;
    let synced = port.synced_at.filter(|at| tried.is_none_or(|tried| *at > tried));
    let says = |pt: String, en: String, at| Seen { pt, en, at };
    if port.platform.is_none() {
        return says("nenhuma plataforma".to_owned(), "no platform".to_owned(), None);
    }
    if port.missing_since.is_some() {
        return says("não mostra mais a porta".to_owned(), "no longer shows the port".to_owned(), port.missing_since);
    }
    if port.differs {
        return says(
            "outra coisa: veja a divergência".to_owned(),
            "otherwise: see the difference".to_owned(),
            port.synced_at,
        );
    }
    match (port.id_cliente_servico, port.reserved_by.as_deref(), port.transmission.as_str()) {
        (Some(id), _, "sent") => {
            says(format!("mostra o serviço {id}"), format!("shows service {id}"), synced.or(tried))
        }
        (None, Some("sync"), _) => says(
            "mostra um cliente que o HubSoft não conhece".to_owned(),
            "shows a customer whom HubSoft does not know".to_owned(),
            port.synced_at,
        ),
        (None, _, "sent") => says("não mostra cliente".to_owned(), "shows no customer".to_owned(), synced.or(tried)),
        (None, _, "never") if port.synced_at.is_some() => {
            says("não mostra cliente".to_owned(), "shows no customer".to_owned(), port.synced_at)
        }
        _ => says("não se sabe".to_owned(), "not known".to_owned(), None),
    }
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
