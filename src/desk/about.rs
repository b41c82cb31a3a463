//! What runs here: the build, the schema, the workers and what each holds, and how the database is.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{FromRow, PgPool};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Refusal;
use crate::migrations;

/// Workflows that are named of each worker.
const NAMED: i64 = 20;

/// What runs here.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct About {
    /// Of this build.
    #[schema(example = "0.5.0")]
    pub version: &'static str,
    /// The schema's migrations, the newest first.
    pub migrations: Vec<Migration>,
    /// Workers that are up.
    pub workers: Vec<Worker>,
    /// What only one process does at a time, and which.
    pub duties: Vec<Duty>,
    /// The database.
    pub database: Database,
    /// The tables that are written most: dead rows in them slow everybody (G14).
    pub tables: Vec<Table>,
}

/// A migration of the schema.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Migration {
    /// Its file's name.
    #[schema(example = "0019_sessions")]
    pub name: String,
    /// When it was applied; null: it is missing.
    pub applied_at: Option<DateTime<Utc>>,
}

/// A process that runs workflows.
#[derive(Clone, Debug, Serialize, ToSchema, FromRow)]
pub struct Worker {
    /// Its id.
    pub id: Uuid,
    /// Host and process id.
    #[schema(example = "rede-01:4711")]
    pub name: String,
    /// Its build.
    pub build: String,
    /// When it came up.
    pub started_at: DateTime<Utc>,
    /// Until when its lease lasts, if it says nothing more (G5).
    pub lease_until: DateTime<Utc>,
    /// How many workflows it holds.
    pub holds: i64,
    /// Some of them, the oldest first: twenty at most.
    #[sqlx(json)]
    pub workflows: Vec<Held>,
}

/// A workflow in a worker's hands.
#[derive(Clone, Debug, Serialize, serde::Deserialize, ToSchema)]
pub struct Held {
    /// Its id.
    pub id: Uuid,
    /// The operation.
    #[schema(example = "bind")]
    pub kind: String,
}

/// What one process does for all.
#[derive(Clone, Debug, Serialize, ToSchema, FromRow)]
pub struct Duty {
    /// Which: `acts`, `schedules`, …
    #[schema(example = "acts")]
    pub duty: String,
    /// The process.
    pub name: String,
    /// Until when its lease lasts.
    pub lease_until: DateTime<Utc>,
}

/// The database, as its server tells.
#[derive(Clone, Debug, Serialize, ToSchema, FromRow)]
pub struct Database {
    /// The server's version.
    #[schema(example = "17.6")]
    pub server: String,
    /// Since when it is up.
    pub started_at: DateTime<Utc>,
    /// How large the database is.
    pub bytes: i64,
    /// For how many transactions nothing was frozen: near two thousand million the server stops.
    pub xid_age: i64,
    /// For how long the oldest transaction has been open, in seconds: while it is, nothing dead is cleaned away.
    pub oldest_transaction_seconds: Option<f64>,
    /// Whose that is.
    pub oldest_transaction_of: Option<String>,
    /// Connections that are open to it.
    pub connections: i64,
}

/// A table that is written a lot.
#[derive(Clone, Debug, Serialize, ToSchema, FromRow)]
pub struct Table {
    /// Its name.
    #[schema(example = "run")]
    pub name: String,
    /// Rows, as the server estimates them.
    pub live: i64,
    /// Rows that are dead and not cleaned away.
    pub dead: i64,
    /// What it takes on disk, with its indexes.
    pub bytes: i64,
    /// When it was last cleaned.
    pub vacuumed_at: Option<DateTime<Utc>>,
}

#[derive(FromRow)]
struct Applied {
    version: i64,
    installed_on: DateTime<Utc>,
}

/// How all of it is now.
///
/// # Errors
/// When the database cannot be read.
pub async fn read(pool: &PgPool) -> Result<About, Refusal> {
    let applied: Vec<Applied> = sqlx::query_as(include_str!("sql/about_migrations.sql")).fetch_all(pool).await?;
    Ok(About {
        version: env!("CARGO_PKG_VERSION"),
        migrations: migrated(&applied),
        workers: sqlx::query_as(include_str!("sql/about_workers.sql")).bind(NAMED).fetch_all(pool).await?,
        duties: sqlx::query_as(include_str!("sql/about_duties.sql")).fetch_all(pool).await?,
        database: sqlx::query_as(include_str!("sql/about_database.sql")).fetch_one(pool).await?,
        tables: sqlx::query_as(include_str!("sql/about_tables.sql")).fetch_all(pool).await?,
    })
}

/// This build's migrations, and those of a newer one that the database has.
fn migrated(applied: &[Applied]) -> Vec<Migration> {
    let at = |version: i64| applied.iter().find(|one| one.version == version).map(|one| one.installed_on);
    let number = |file: &str| file.split('_').next().and_then(|number| number.parse().ok()).unwrap_or_default();
    let ours = migrations::FILES
        .iter()
        .map(|(file, _)| Migration { name: file.trim_end_matches(".sql").to_owned(), applied_at: at(number(file)) });
    let known = migrations::FILES.iter().map(|(file, _)| number(file)).max().unwrap_or_default();
    let newer = applied.iter().filter(|one| one.version > known);
    let newer = newer.map(|one| Migration { name: format!("{:04}", one.version), applied_at: Some(one.installed_on) });
    let mut all: Vec<Migration> = ours.chain(newer).collect();
    all.reverse();
    all
}
