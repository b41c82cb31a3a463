//! Reads of HubSoft's side, for operations and for whoever shows it.

use chrono::{DateTime, Utc};
use platforms::{ElementKind, Place, PortAddress};
use serde_json::Value;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use crate::{
    Error,
    types::{Integration, Port, ProjectRules, Service, ServiceOrder, Vanishing},
};

/// How many ports on which nobody was seen are written at once.
const UNSEEN: i64 = 1000;

/// The port, if there is one of this id.
///
/// # Errors
/// When the database cannot be read.
pub async fn port(pool: &PgPool, id_porta_atendimento: i64) -> Result<Option<Port>, Error> {
    let row: Option<PortRow> =
        sqlx::query_as(include_str!("sql/port.sql")).bind(id_porta_atendimento).fetch_optional(pool).await?;
    Ok(row.map(Port::from))
}

/// The ports other than `except` that HubSoft says this service sits on (rule B9).
///
/// # Errors
/// When the database cannot be read.
pub async fn other_ports_of(pool: &PgPool, id_cliente_servico: i64, except: i64) -> Result<Vec<i64>, Error> {
    let query = sqlx::query_scalar(include_str!("sql/other_ports_of.sql"));
    Ok(query.bind(id_cliente_servico).bind(except).fetch_all(pool).await?)
}

/// The service, if there is one of this id.
///
/// # Errors
/// When the database cannot be read.
pub async fn service(pool: &PgPool, id_cliente_servico: i64) -> Result<Option<Service>, Error> {
    let row: Option<ServiceRow> =
        sqlx::query_as(include_str!("sql/service.sql")).bind(id_cliente_servico).fetch_optional(pool).await?;
    Ok(row.map(|r| Service {
        id: r.id_cliente_servico,
        name: r.nome_razaosocial,
        document: r.cpf_cnpj,
        place: place(r.latitude, r.longitude),
    }))
}

/// The integration, if there is one of this id.
///
/// # Errors
/// When the database cannot be read.
pub async fn integration(pool: &PgPool, id_integracao: i64) -> Result<Option<Integration>, Error> {
    let row: Option<IntegrationRow> =
        sqlx::query_as(include_str!("sql/integration.sql")).bind(id_integracao).fetch_optional(pool).await?;
    Ok(row.map(Integration::from))
}

/// The integrations that are active and fill a project.
///
/// # Errors
/// When the database cannot be read.
pub async fn integrations_in_use(pool: &PgPool) -> Result<Vec<i64>, Error> {
    Ok(sqlx::query_scalar(include_str!("sql/integrations_in_use.sql")).fetch_all(pool).await?)
}

/// The port that this integration's platform knows as this output of its splitter.
///
/// # Errors
/// When the database cannot be read.
pub async fn port_at(
    pool: &PgPool,
    id_integracao: i64,
    splitter_external_id: &str,
    sequencia: i32,
) -> Result<Option<i64>, Error> {
    let query = sqlx::query_scalar(include_str!("sql/port_at.sql")).bind(id_integracao);
    Ok(query.bind(splitter_external_id).bind(sequencia).fetch_optional(pool).await?)
}

/// The service order, if there is one of this id (rule B5).
///
/// # Errors
/// When the database cannot be read.
pub async fn service_order(pool: &PgPool, id_ordem_servico: i64) -> Result<Option<ServiceOrder>, Error> {
    let row: Option<OrderRow> =
        sqlx::query_as(include_str!("sql/service_order.sql")).bind(id_ordem_servico).fetch_optional(pool).await?;
    Ok(row.map(|r| ServiceOrder {
        id: r.id_ordem_servico,
        service: r.id_cliente_servico,
        kind: r.descricao,
        removal: r.retirada,
        status: r.status,
        closing: r.status_fechamento,
    }))
}

/// What the sync with this id counted, in contract.md's *Sync* form; null if there is no such sync.
///
/// # Errors
/// When the database cannot be read.
pub async fn sync_result(pool: &PgPool, run: Uuid) -> Result<Value, Error> {
    Ok(counted(pool, run).await?.map_or(Value::Null, |(_, result)| result))
}

/// The same so far, with the `phase`: what contract.md calls `progress`; null if there is no such sync.
///
/// # Errors
/// When the database cannot be read.
pub async fn sync_progress(pool: &PgPool, run: Uuid) -> Result<Value, Error> {
    let Some((phase, mut progress)) = counted(pool, run).await? else { return Ok(Value::Null) };
    if let Some(fields) = progress.as_object_mut() {
        fields.insert("phase".to_owned(), Value::String(phase));
    }
    Ok(progress)
}

async fn counted(pool: &PgPool, run: Uuid) -> Result<Option<(String, Value)>, Error> {
    Ok(sqlx::query_as(include_str!("sql/sync_result.sql")).bind(run).fetch_optional(pool).await?)
}

/// When the last sync of this integration that ended well did so (rule S1).
///
/// # Errors
/// When the database cannot be read.
pub async fn last_sync_ended(pool: &PgPool, id_integracao: i64) -> Result<Option<DateTime<Utc>>, Error> {
    Ok(sqlx::query_scalar(include_str!("sql/last_sync_ended.sql")).bind(id_integracao).fetch_one(pool).await?)
}

/// What marking this kind's unseen elements missing would come to (rule S9).
///
/// # Errors
/// When the database cannot be read.
pub async fn would_vanish(pool: &PgPool, run: Uuid, kind: ElementKind) -> Result<Vanishing, Error> {
    let query = sqlx::query_as(include_str!("sql/would_vanish.sql")).persistent(false);
    let (missing, known, percent): (i64, i64, Option<i64>) =
        query.bind(run).bind(<&str>::from(kind)).fetch_one(pool).await?;
    let most_percent = percent.map_or(Vanishing::MOST_PERCENT, i64::unsigned_abs);
    Ok(Vanishing { missing: missing.unsigned_abs(), known: known.unsigned_abs(), most_percent })
}

/// Where a sync has looked who sits on the ports and has seen nobody at all, what it would take for gone (rule S9).
///
/// # Errors
/// When the database cannot be read.
pub async fn nobody_seen(pool: &PgPool, run: Uuid) -> Result<Vanishing, Error> {
    let query = sqlx::query_as(include_str!("sql/would_lose.sql")).persistent(false);
    let counts: Option<(i64, i64)> = query.bind(run).fetch_optional(pool).await?;
    let known = counts.filter(|(seen, _)| *seen == 0).map_or(0, |(_, known)| known.unsigned_abs());
    Ok(Vanishing { missing: known, known, ..Vanishing::default() })
}

/// Ports that HubSoft knows something of on which a sync has seen nobody: the next ones after this number (rule S6).
///
/// # Errors
/// When the database cannot be read.
pub async fn unseen(pool: &PgPool, run: Uuid, after: i64) -> Result<Vec<i64>, Error> {
    let query = sqlx::query_scalar(include_str!("sql/unseen.sql")).persistent(false);
    Ok(query.bind(run).bind(after).bind(UNSEEN).fetch_all(pool).await?)
}

#[derive(FromRow)]
struct PortRow {
    id_porta_atendimento: i64,
    id_cliente_servico: Option<i64>,
    reservado: bool,
    to_clear: bool,
    transmission_external_id: Option<String>,
    sequencia: i32,
    port_external_id: Option<String>,
    missing: bool,
    splitter_external_id: String,
    box_external_id: String,
    latitude: Option<f64>,
    longitude: Option<f64>,
    cliente_unico_porta: bool,
    bloquear_vinculo_porta_reservada: bool,
    id_integracao: Option<i64>,
    platform: Option<String>,
    name: Option<String>,
    active: Option<bool>,
    id_projeto: Option<i64>,
    elements: Option<Vec<String>>,
    keep_home: bool,
}

impl From<PortRow> for Port {
    fn from(r: PortRow) -> Self {
        let integration = r.id_integracao.map(|id| Integration {
            id,
            platform: r.platform.unwrap_or_default(),
            name: r.name.unwrap_or_default(),
            active: r.active.unwrap_or_default(),
            id_projeto: r.id_projeto,
            elements: kinds(&r.elements.unwrap_or_default()),
            keep_home: r.keep_home,
        });
        Port {
            id: r.id_porta_atendimento,
            occupant: r.id_cliente_servico,
            reserved: r.reservado,
            to_clear: r.to_clear,
            seat: r.transmission_external_id,
            address: PortAddress {
                box_external_id: r.box_external_id,
                splitter_external_id: r.splitter_external_id,
                sequencia: r.sequencia,
                port_external_id: r.port_external_id,
                place: place(r.latitude, r.longitude),
            },
            missing: r.missing,
            integration,
            rules: ProjectRules {
                cliente_unico_porta: r.cliente_unico_porta,
                bloquear_vinculo_porta_reservada: r.bloquear_vinculo_porta_reservada,
            },
        }
    }
}

#[derive(FromRow)]
struct ServiceRow {
    id_cliente_servico: i64,
    nome_razaosocial: String,
    cpf_cnpj: Option<String>,
    latitude: Option<f64>,
    longitude: Option<f64>,
}

#[derive(FromRow)]
struct OrderRow {
    id_ordem_servico: i64,
    id_cliente_servico: i64,
    status: String,
    status_fechamento: Option<String>,
    descricao: Option<String>,
    retirada: bool,
}

#[derive(FromRow)]
struct IntegrationRow {
    id_integracao: i64,
    platform: String,
    name: String,
    active: bool,
    id_projeto: Option<i64>,
    elements: Vec<String>,
    keep_home: bool,
}

impl From<IntegrationRow> for Integration {
    fn from(r: IntegrationRow) -> Self {
        Integration {
            id: r.id_integracao,
            platform: r.platform,
            name: r.name,
            active: r.active,
            id_projeto: r.id_projeto,
            elements: kinds(&r.elements),
            keep_home: r.keep_home,
        }
    }
}

/// The kinds that this build knows; a newer build's are left for it.
pub(crate) fn kinds(names: &[String]) -> Vec<ElementKind> {
    names.iter().filter_map(|name| name.parse().ok()).collect()
}

fn place(latitude: Option<f64>, longitude: Option<f64>) -> Option<Place> {
    Some(Place { latitude: latitude?, longitude: longitude? })
}
