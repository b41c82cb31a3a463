//! The board of whoever keeps enlace running: how far platforms lag behind HubSoft, who works, what waits and why.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgPool;
use uuid::Uuid;

use super::{
    Caller, Refusal,
    audit::{self, Done},
    upstreams::{self, Upstream},
};

/// Acts that the board shows.
const ACTS: &str = "8";

/// All of it, at one time.
#[derive(Clone, Debug, Serialize)]
pub struct Top {
    /// The database's time.
    pub at: DateTime<Utc>,
    /// From HubSoft's commit to the platform.
    pub lag: Vec<Lag>,
    /// Platforms, open or closed.
    pub upstreams: Vec<Upstream>,
    /// Who works.
    pub workers: Vec<Worker>,
    /// What has not ended, by what it waits for.
    pub unfinished: Vec<Unfinished>,
    /// What people did last.
    pub acts: Vec<Done>,
}

/// How long changes of one integration take from HubSoft's commit to their end: of the last 1000 workflows that ended, those of its
/// ports.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
pub struct Lag {
    /// The integration; null: of ports that belong to none.
    pub id_integracao: Option<i64>,
    /// Its name.
    pub name: Option<String>,
    /// How many were looked at.
    pub ended: i64,
    /// Half of them took no longer, in seconds.
    pub p50_seconds: Option<f64>,
    /// Nineteen of twenty took no longer.
    pub p95_seconds: Option<f64>,
    /// How long ago the oldest that has not ended was committed.
    pub oldest_seconds: Option<f64>,
}

/// A worker that is alive.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
pub struct Worker {
    /// Its id.
    pub id: Uuid,
    /// Host and process id.
    pub name: String,
    /// Its build.
    pub build: String,
    /// Since when.
    pub started_at: DateTime<Utc>,
    /// How many workflows it holds, and of which kinds.
    pub holds: i64,
    /// The kinds, with how many of each.
    pub kinds: serde_json::Value,
}

/// Workflows that have not ended and wait for the same.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
pub struct Unfinished {
    /// As contract.md names it.
    pub status: String,
    /// Why they are parked.
    pub parked: Option<String>,
    /// The platform that they wait for.
    pub upstream: Option<String>,
    /// Whether other work on the same port or service stands before them.
    pub behind: bool,
    /// How many.
    pub count: i64,
    /// Since when the first of them.
    pub since: DateTime<Utc>,
}

/// Reads the board.
///
/// # Errors
/// When the database cannot be read.
pub async fn read(pool: &PgPool, caller: &Caller) -> Result<Top, Refusal> {
    let asked = audit::Asked { limit: Some(ACTS.to_owned()), ..audit::Asked::default() };
    Ok(Top {
        at: sqlx::query_scalar(include_str!("sql/now.sql")).fetch_one(pool).await?,
        lag: lag(pool).await?,
        upstreams: upstreams::list(pool).await?.items,
        workers: sqlx::query_as(include_str!("sql/top_workers.sql")).fetch_all(pool).await?,
        unfinished: sqlx::query_as(include_str!("sql/top_unfinished.sql")).fetch_all(pool).await?,
        acts: audit::list(pool, caller, &asked).await?.items,
    })
}

/// How long changes take, by integration.
pub(super) async fn lag(pool: &PgPool) -> sqlx::Result<Vec<Lag>> {
    sqlx::query_as(include_str!("sql/lag.sql")).fetch_all(pool).await
}
