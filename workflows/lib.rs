//! What the product does: one operation, one file, the same five parts. This crate can reach neither SQL nor the network.
//!
//! [`Ports`] is all that an operation may touch: it reads HubSoft's side through [`Network`], asks platforms through
//! [`Maps`], and writes by answering with [`mapping::Change`]s.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use engine::{
    registry::Definitions,
    workflow::{Class, Decided, Failure, Parked, Text, Trouble as InTrouble, says},
};
use mapping::{
    Change, Integration, Port, Service, ServiceOrder, Transmission, Vanishing,
    viability::{Found, Project, Wanted},
};
use platforms::{Detach, ElementKind, FailureKind, Platform, Seat};
use uuid::Uuid;

pub mod bind;
pub mod leaving;
pub mod migrate;
pub mod registration;
pub mod retirement;
pub mod retries;
pub mod sync;
mod taking;
pub mod unbind;
pub mod viability;

/// What the operations are, for those who look at runs and act on them without running any.
pub fn definitions() -> Definitions {
    Definitions::default()
        .with::<bind::Bind>()
        .with::<unbind::Unbind>()
        .with::<migrate::Migrate>()
        .with::<retirement::Retirement>()
        .with::<sync::Sync>()
        .with::<viability::Viability>()
        .with::<registration::Registration>()
}

/// All that an operation may touch.
pub struct Ports {
    /// HubSoft's side.
    pub network: Arc<dyn Network>,
    /// The platforms.
    pub maps: Arc<dyn Maps>,
}

/// HubSoft's side, to look at.
#[async_trait]
pub trait Network: Send + Sync {
    /// The port, if there is one of this id.
    async fn port(&self, id_porta_atendimento: i64) -> Result<Option<Port>, Trouble>;
    /// The ports other than `except` that HubSoft says this service sits on (rule B9, `cliente_unico_porta`).
    async fn other_ports_of(&self, id_cliente_servico: i64, except: i64) -> Result<Vec<i64>, Trouble>;
    /// The service, if there is one of this id.
    async fn service(&self, id_cliente_servico: i64) -> Result<Option<Service>, Trouble>;
    /// The integration, if there is one of this id.
    async fn integration(&self, id_integracao: i64) -> Result<Option<Integration>, Trouble>;
    /// The integrations that are active and fill a project.
    async fn integrations_in_use(&self) -> Result<Vec<i64>, Trouble>;
    /// The port that an integration's platform knows as this output of its splitter, if it was synced.
    async fn port_at(
        &self,
        id_integracao: i64,
        splitter_external_id: &str,
        sequencia: i32,
    ) -> Result<Option<i64>, Trouble>;
    /// The service order, if there is one of this id (rule B5).
    async fn service_order(&self, id_ordem_servico: i64) -> Result<Option<ServiceOrder>, Trouble>;
    /// Whether one piece of work for all of these keys was committed after `position` (rule B8). Ask after reading what that work may
    /// have changed.
    async fn later_work(&self, keys: &[String], position: i64) -> Result<Later, Trouble>;
    /// What the sync with this id counted so far (rule S11).
    async fn sync_result(&self, run: Uuid) -> Result<serde_json::Value, Trouble>;
    /// When the last sync of this integration ended, if one did (rule S1: who asked before that has joined it).
    async fn last_sync_ended(&self, id_integracao: i64) -> Result<Option<chrono::DateTime<chrono::Utc>>, Trouble>;
    /// What marking the elements of a kind that this sync has not seen missing would come to (rule S9).
    async fn would_vanish(&self, run: Uuid, kind: ElementKind) -> Result<Vanishing, Trouble>;
    /// The project of this id, or all, with what fills them (rule V1).
    async fn projects(&self, id_projeto: Option<i64>) -> Result<Vec<Project>, Trouble>;
    /// Which of these boxes of the platform the project lacks, in the order given (rule V2).
    async fn lacking(&self, id_projeto: i64, external_ids: &[String]) -> Result<Vec<String>, Trouble>;
    /// HubSoft's own search (rule V3).
    async fn search(&self, wanted: &Wanted) -> Result<Found, Trouble>;
    /// Where this sync has looked who sits on the ports and has seen nobody at all, what it would take for gone (rule S9).
    async fn nobody_seen(&self, run: Uuid) -> Result<Vanishing, Trouble>;
    /// The next ports after this number on which the sync has seen nobody, and about which HubSoft says something (rule S6).
    async fn unseen(&self, run: Uuid, after: i64) -> Result<Vec<i64>, Trouble>;
}

/// Whether later work for a key is queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Later {
    /// There is some.
    Queued,
    /// There is none.
    Nothing,
    /// Rows were committed that no worker has taken in yet: ask again in a moment.
    NotKnownYet,
}

/// The platforms, one per integration.
#[async_trait]
pub trait Maps: Send + Sync {
    /// The platform of this integration. Its calls wait for their turn, and fail as *throttled* where that takes too long or the
    /// upstream is closed.
    async fn of(&self, id_integracao: i64) -> Result<Arc<dyn Platform>, Trouble>;
    /// How long a person waits for them (rule V5).
    fn patience(&self) -> Duration {
        platforms::http::Timeouts::default().viability
    }
}

/// What a step fails with.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// A platform did not do what was asked.
    #[error(transparent)]
    Platform(#[from] platforms::Failure),
    /// A rule of the domain says no: a person has to change something first. The code is stable, the message for people.
    #[error("{message}")]
    Refused {
        /// `bind.port_reserved`, …
        code: &'static str,
        /// What to do next, in words.
        message: String,
    },
    /// HubSoft's side could not be read just now.
    #[error("the database could not be read: {0}")]
    Database(String),
}

impl Trouble {
    /// The same with words before its own, in Portuguese and in English. A platform's own words, in [«…»], stay at the end.
    pub(crate) fn saying_first(mut self, pt: &str, en: &str) -> Self {
        if let Trouble::Platform(platforms::Failure { message, .. }) | Trouble::Refused { message, .. } = &mut self {
            let (said, quoted) = message.find(" [«").map_or((message.as_str(), ""), |at| message.split_at(at));
            let parts: Vec<&str> = said.split(" / ").collect();
            let (own_pt, own_en) = match parts.len() % 2 {
                0 => (parts[..parts.len() / 2].join(" / "), parts[parts.len() / 2..].join(" / ")),
                _ => (said.to_owned(), said.to_owned()),
            };
            *message = format!("{pt}: {own_pt} / {en}: {own_en}{quoted}");
        }
        self
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Platform(f) => Failure {
                class: match f.kind {
                    FailureKind::Transient => Class::Transient,
                    FailureKind::Throttled => Class::Throttled,
                    FailureKind::Unauthorised | FailureKind::Misconfigured => Class::Unauthorised,
                    FailureKind::Rejected => Class::Rejected,
                    FailureKind::Unknown => Class::Unknown,
                },
                code: f.code.to_owned(),
                message: f.message,
                retry_after: f.retry_after,
                upstream: f.upstream,
            },
            Trouble::Refused { code, message } => Failure::new(Class::Rejected, code, message),
            Trouble::Database(why) => Failure::new(Class::Transient, "database.unreadable", why),
        }
    }
}

/// Why a step asks to be called again while the intake catches up.
pub const INTAKE: Text = says(
    "aguarda a leitura do que o HubSoft acabou de confirmar",
    "waits until what HubSoft just committed is taken in",
);

/// A port with the platform that is told about it.
pub(crate) struct PortToSend {
    pub(crate) port: Port,
    pub(crate) map: Arc<dyn Platform>,
    /// What a removal leaves behind (rule B11).
    pub(crate) removal: Detach,
}

/// B1: the port and its integration if anything is sent for it, else why not.
pub(crate) fn sendable(port: Option<Port>, id: i64) -> Result<(Port, Integration), String> {
    let Some(mut port) = port else {
        return Err(format!("a porta {id} não existe / port {id} does not exist"));
    };
    match port.integration.take() {
        Some(integration) => Ok((port, integration)),
        None => {
            Err(format!("o projeto da porta {id} não tem integração / the project of port {id} has no integration"))
        }
    }
}

/// The port and its platform, for a step that calls it.
pub(crate) async fn port_to_send(ports: &Ports, id: i64) -> Result<PortToSend, Trouble> {
    let (port, integration) = sendable(ports.network.port(id).await?, id)
        .map_err(|message| Trouble::Refused { code: "port.not_applicable", message })?;
    if !integration.active {
        return Err(inactive(&integration).into());
    }
    let map = ports.maps.of(integration.id).await?;
    Ok(PortToSend { port, map, removal: if integration.keep_home { Detach::KeepHome } else { Detach::Everything } })
}

/// D4: what is queued for an inactive integration waits, visibly, and goes on when it is activated again.
fn inactive(integration: &Integration) -> platforms::Failure {
    platforms::Failure {
        retry_after: Some(Duration::from_secs(30)),
        upstream: Some(integration.upstream()),
        ..platforms::Failure::new(
            FailureKind::Throttled,
            "integration.inactive",
            "a integração está inativa",
            "the integration is inactive",
        )
    }
}

/// The drawing on the platform does not allow it: a person has to change it first.
pub(crate) fn refused_by_drawing(port: &Port, pt: &str, en: &str) -> Trouble {
    Trouble::Refused {
        code: "port.not_usable",
        message: format!("na plataforma a porta {} está {pt} / on the platform port {} is {en}", port.id, port.id),
    }
}

/// B2: who was displaced from a port may have been given another one meanwhile, by work that does not wait for this one, and a
/// platform that moves his very record (OZMap keeps a home's id) may have lost him there. No lock reaches the platform, and
/// waiting for each other's services would let a swap of two customers wait for ever: so his own ports are looked at again.
/// `own`: services whose other work waits for this one anyway.
pub(crate) fn look_again(port: i64, seat: &Seat, own: &[i64]) -> Option<Change> {
    let service = seat.code.as_deref()?.parse().ok()?;
    (!own.contains(&service)).then_some(Change::LookAgain { port, service })
}

/// Why nothing is sent, where a person has waived it.
pub(crate) fn waived(by: &Decided<'_>) -> String {
    let (person, reason) = (by.person, by.reason);
    format!("dispensado por {person}: {reason} / waived by {person}: {reason}")
}

/// B10: what the port shows while its work is in trouble.
pub(crate) fn transmission_in_trouble(port: i64, trouble: &InTrouble<'_>) -> Vec<Change> {
    let shows = match (trouble.parked, trouble.failure.class) {
        (Some(Parked::OutcomeUnknown), _) | (_, Class::Unknown) => Transmission::Unknown,
        (Some(_), _) => Transmission::Failed(trouble.failure.message.clone()),
        (None, _) => Transmission::Pending,
    };
    vec![Change::Transmission { port, shows }]
}
