//! Upstreams: each integration's platform as the engine sees it, to look at and to open and close (G7).

use chrono::{DateTime, Utc};
use engine::upstream::{self, Close};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::{PgConnection, PgPool};
use utoipa::ToSchema;

use super::{Caller, Items, Refusal, audit, check};

/// An upstream.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
pub struct Upstream {
    /// `integration:3`.
    #[schema(example = "integration:3")]
    pub id: String,
    /// The integration that it belongs to.
    pub id_integracao: Option<i64>,
    /// `open`, `slowed` or `closed`.
    #[schema(example = "closed")]
    pub state: String,
    /// When it opens by itself; null where it is open, or closed until a person opens it.
    pub closed_until: Option<DateTime<Utc>>,
    /// Closed until a person opens it.
    pub until_opened: bool,
    /// Why it is closed.
    pub reason: Option<String>,
    /// Who closed it: a person, or `enlace`.
    pub by: Option<String>,
    /// Calls a second; null: not limited.
    pub rate: Option<f64>,
    /// Calls at once; null: not limited.
    pub concurrency: Option<i32>,
    /// How many workflows wait for it.
    pub waiting: i64,
}

/// What is to change about an upstream.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "closed_until": "2026-11-24T06:00:00-03:00", "reason": "manutenção anunciada pelo OZMap" }))]
pub struct Change {
    /// A time: closed until then. `"infinity"`: until a person opens it. Null: open.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub closed_until: Option<Value>,
    /// Not offered by this build.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<f64>)]
    pub rate: Option<Value>,
    /// Not offered by this build.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i32>)]
    pub concurrency: Option<Value>,
    /// Why.
    pub reason: String,
}

/// Tells null, which means something, from what was left out.
fn given<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

/// All upstreams: one of each integration, and whatever else was ever closed.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(pool: &PgPool) -> Result<Items<Upstream>, Refusal> {
    Ok(Items { items: read(pool, None).await?, next: None })
}

/// One upstream.
///
/// # Errors
/// When there is no such upstream.
pub async fn show(pool: &PgPool, id: &str) -> Result<Upstream, Refusal> {
    let missing = || Refusal::Missing(format!("there is no upstream \"{id}\"; they are called integration:N"));
    read(pool, Some(id)).await?.pop().ok_or_else(missing)
}

async fn read(pool: &PgPool, id: Option<&str>) -> Result<Vec<Upstream>, Refusal> {
    Ok(sqlx::query_as(include_str!("sql/upstreams.sql")).bind(id).fetch_all(pool).await?)
}

/// Closes or opens an upstream for every worker.
///
/// # Errors
/// Names the field; when there is no such upstream; [`Refusal::NotNow`] for opening one of an inactive integration.
pub async fn change(pool: &PgPool, caller: &Caller, id: &str, change: Change) -> Result<Upstream, Refusal> {
    let reason = check::reason(&change.reason)?;
    if let Some(field) = change.rate.map(|_| "rate").or(change.concurrency.map(|_| "concurrency")) {
        return Err(Refusal::invalid(field, "cannot be set in this build; closed_until can"));
    }
    let given =
        change.closed_until.ok_or_else(|| Refusal::invalid("closed_until", "is missing: nothing else can be set"))?;
    let until = until_when(pool, &given).await?;
    let before = show(pool, id).await?;
    if let (Until::Open, Some(integration)) = (&until, before.id_integracao)
        && !super::integrations::show(pool, integration).await?.active
    {
        let message = format!("integration {integration} is inactive: activate it, then its upstream opens");
        return Err(Refusal::NotNow { message, legal: vec!["activate"] });
    }
    let mut tx = pool.begin().await?;
    // Closing it for a shorter time than it is closed for now takes an opening in between.
    upstream::open(&mut tx, id).await?;
    if let Until::Closed(length) = until {
        let close = Close { upstream: id.to_owned(), length, reason: reason.clone() };
        upstream::close(&mut tx, &[close], &caller.name).await?;
    }
    let act = if matches!(until, Until::Open) { "upstream.open" } else { "upstream.close" };
    let (before, after) = (json!({ "upstream": id, "was": before }), json!({ "upstream": id, "closed_until": given }));
    audit::note(&mut tx, audit::Entry { act, person: &caller.name, reason: &reason, before, after }).await?;
    wake(&mut tx).await?;
    tx.commit().await?;
    show(pool, id).await
}

/// What an upstream is to be.
#[derive(Clone, Copy)]
enum Until {
    Open,
    /// For so long; `None`: until a person opens it.
    Closed(Option<std::time::Duration>),
}

async fn until_when(pool: &PgPool, given: &Value) -> Result<Until, Refusal> {
    let wrong = || Refusal::invalid("closed_until", "must be a time to come, \"infinity\", or null to open it");
    let text = match given {
        Value::Null => return Ok(Until::Open),
        Value::String(text) if text == "infinity" => return Ok(Until::Closed(None)),
        Value::String(text) => text,
        _ => return Err(wrong()),
    };
    let now: DateTime<Utc> = sqlx::query_scalar(include_str!("sql/now.sql")).fetch_one(pool).await?;
    let length = (check::time("closed_until", text).map_err(|_| wrong())? - now).to_std();
    Ok(Until::Closed(Some(length.map_err(|_| wrong())?)))
}

/// Opens the upstream of an active integration if a refusal of its credentials had closed it; whether it had.
///
/// # Errors
/// When the database refuses.
pub async fn reopen_after_refusal(
    conn: &mut PgConnection,
    caller: &Caller,
    id_integracao: i64,
    reason: &str,
) -> Result<bool, Refusal> {
    let upstream = mapping::upstream_of(id_integracao);
    let query = sqlx::query_scalar(include_str!("sql/closed_by_refusal.sql")).bind(&upstream).bind(id_integracao);
    let closed: bool = query.fetch_one(&mut *conn).await?;
    if closed {
        upstream::open(conn, &upstream).await?;
        let (before, after) = (json!({ "upstream": upstream, "state": "closed" }), json!({ "state": "open" }));
        let entry = audit::Entry { act: "upstream.open", person: &caller.name, reason, before, after };
        audit::note(conn, entry).await?;
        wake(conn).await?;
    }
    Ok(closed)
}

/// Wakes idle workers when the transaction commits.
pub(super) async fn wake(conn: &mut PgConnection) -> Result<(), Refusal> {
    sqlx::query(include_str!("sql/wake.sql")).execute(conn).await?;
    Ok(())
}
