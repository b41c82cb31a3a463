//! Ports, and the boxes that they are in: what HubSoft says of them, what the platform was last seen to say, and why the two
//! differ if they do.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgPool;
use utoipa::ToSchema;

use super::{
    Caller, Items, Refusal,
    answer::{self, Answer, Seen},
    boxes::{self, InView},
    discrepancies::{self, Discrepancy},
    filter, looked, mask,
    workflows::{self, Summary},
};

/// No box has more ports that are shown.
const MOST: i64 = 2_000;

/// A port, with where it is.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
#[schema(as = NetworkPort)]
pub struct Port {
    /// Its number.
    #[schema(example = 812)]
    pub id_porta_atendimento: i64,
    /// The number that people read, from 1.
    #[schema(example = 3)]
    pub numero_porta: i32,
    /// The splitter whose output it is.
    pub id_splitter: i64,
    /// What the drawing calls that.
    pub splitter: Option<String>,
    /// `attendance`, `distribution` or `unknown` (rule S3).
    #[schema(example = "attendance")]
    pub role: String,
    /// The box.
    pub id_caixa_optica: i64,
    /// The box's name.
    #[schema(example = "CTO-091")]
    pub caixa: String,
    /// The project.
    pub id_projeto: i64,
    /// The project's name.
    pub projeto: String,
    /// The integration that fills the project; null: nothing is ever sent for this port (rule B1).
    pub id_integracao: Option<i64>,
    /// Its name.
    pub integration_name: Option<String>,
    /// Its platform.
    #[schema(example = "ozmap")]
    pub platform: Option<String>,
    /// Whether it is active.
    pub active: Option<bool>,
    /// The platform's id of the port.
    pub external_id: Option<String>,
    /// Blocked by hand on the platform.
    pub blocked: bool,
    /// Since when the port, its splitter or its box is gone upstream (rule S8).
    pub missing_since: Option<DateTime<Utc>>,
    /// The service that HubSoft says sits on it.
    pub id_cliente_servico: Option<i64>,
    /// Its customer's name; masked for all but the role `admin`.
    pub cliente: Option<String>,
    /// Held without a customer.
    pub reservado: bool,
    /// By whom: `sync` or `person`.
    pub reserved_by: Option<String>,
    /// For whom; masked for all but the role `admin`.
    pub observacao: Option<String>,
    /// `never`, `pending`, `sent`, `failed` or `unknown` (rule B10).
    #[schema(example = "sent")]
    pub transmission: String,
    /// Why it failed.
    pub transmission_error: Option<String>,
    /// The platform's id of what ties the customer to the port.
    pub transmission_external_id: Option<String>,
    /// When it was last tried.
    pub data_tentativa_transmissao: Option<DateTime<Utc>>,
    /// When a sync of the project last ended well.
    pub synced_at: Option<DateTime<Utc>>,
    /// There is a difference that nobody has settled.
    pub differs: bool,
    /// What the platform was last seen to say.
    #[sqlx(skip)]
    pub seen: Seen,
}

/// A port, whole.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PortShown {
    /// What lists show.
    #[serde(flatten)]
    pub port: Port,
    /// Whether the platform shows what HubSoft says, and if not, why not.
    pub answer: Answer,
    /// Differences that nobody has settled.
    pub discrepancies: Vec<Discrepancy>,
    /// What touched it, newest first; more of it at `/workflows?port=`.
    pub workflows: Vec<Summary>,
}

/// A box, whole.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BoxShown {
    /// What lists show.
    #[serde(flatten)]
    pub place: InView,
    /// Its ports, in order.
    pub ports: Vec<Port>,
}

/// Which ports are meant.
pub(super) enum Of {
    /// The one of this number.
    Port(i64),
    /// Those that this service sits on.
    Service(i64),
    /// Those of this box.
    Box(i64),
}

/// Ports as this caller may see them. That people were looked at is for the caller of this to write down.
pub(super) async fn read(pool: &PgPool, caller: &Caller, of: Of) -> Result<Vec<Port>, Refusal> {
    let (port, service, in_box) = match of {
        Of::Port(id) => (Some(id), None, None),
        Of::Service(id) => (None, Some(id), None),
        Of::Box(id) => (None, None, Some(id)),
    };
    let query = sqlx::query_as(include_str!("sql/ports_shown.sql")).persistent(false);
    let mut ports: Vec<Port> = query.bind(port).bind(service).bind(in_box).bind(MOST).fetch_all(pool).await?;
    for port in &mut ports {
        port.cliente.iter_mut().chain(&mut port.observacao).for_each(|text| mask::person(caller, text));
        if !caller.sees_people() {
            port.transmission_error.iter_mut().for_each(mask::words);
        }
        port.seen = answer::seen(port);
    }
    Ok(ports)
}

/// One port, whole.
///
/// # Errors
/// [`Refusal::Missing`] where there is none of this number.
pub async fn show(pool: &PgPool, caller: &Caller, id: i64) -> Result<PortShown, Refusal> {
    let missing = || Refusal::Missing(format!("não há porta {id} / there is no port {id}"));
    let port = read(pool, caller, Of::Port(id)).await?.pop().ok_or_else(missing)?;
    note(pool, caller, std::slice::from_ref(&port)).await?;
    let asked = discrepancies::Asked { port: Some(id.to_string()), ..Default::default() };
    let discrepancies = discrepancies::list(pool, caller, &asked).await?.items;
    let asked = filter::Asked { port: Some(id.to_string()), ..Default::default() };
    let Items { items: workflows, .. } = workflows::list(pool, caller, &asked).await?;
    let answer = answer::of_port(&port, &workflows, discrepancies.first());
    Ok(PortShown { port, answer, discrepancies, workflows })
}

/// One box, whole.
///
/// # Errors
/// [`Refusal::Missing`] where there is none of this number.
pub async fn of_box(pool: &PgPool, caller: &Caller, id: i64) -> Result<BoxShown, Refusal> {
    let place = boxes::one(pool, id).await?;
    let ports = read(pool, caller, Of::Box(id)).await?;
    note(pool, caller, &ports).await?;
    Ok(BoxShown { place, ports })
}

/// P1: whoever sees people in full is written down.
async fn note(pool: &PgPool, caller: &Caller, ports: &[Port]) -> Result<(), Refusal> {
    if !caller.sees_people() {
        return Ok(());
    }
    let tells = |port: &&Port| port.cliente.is_some() || port.observacao.is_some();
    let told: Vec<i64> = ports.iter().filter(tells).map(|port| port.id_porta_atendimento).collect();
    looked::at_many(pool, caller, "ports", &told).await
}
