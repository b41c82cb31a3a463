//! What stands first in the console: what waits for a person, and how each integration is.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{FromRow, PgPool};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Caller, Refusal, mask};

/// How everything stands at this moment.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Overview {
    /// What waits for a person, by reason, the most first.
    pub people: Vec<Group>,
    /// Differences that a person is to settle (rule S6).
    pub discrepancies: Count,
    /// Everything unfinished, by status.
    pub unfinished: Vec<Group>,
    /// Each integration.
    pub integrations: Vec<Integration>,
}

/// So many, and the oldest of them.
#[derive(Clone, Debug, Serialize, ToSchema, FromRow)]
pub struct Count {
    /// How many.
    pub count: i64,
    /// Since when the oldest; null: there is none.
    pub since: Option<DateTime<Utc>>,
}

/// The same of one sort.
#[derive(Clone, Debug, Serialize, ToSchema, FromRow)]
pub struct Group {
    /// A status, or the reason why a person is waited for.
    #[schema(example = "rejected")]
    pub name: String,
    /// How many.
    pub count: i64,
    /// Since when the oldest.
    pub since: Option<DateTime<Utc>>,
}

/// An integration, as one looks at it in passing.
#[derive(Clone, Debug, Serialize, ToSchema, FromRow)]
pub struct Integration {
    /// Its number.
    pub id_integracao: i64,
    /// Its name.
    pub name: String,
    /// The platform's.
    pub platform: String,
    /// Whether anything is sent to it (rule D4).
    pub active: bool,
    /// Its project's name.
    pub project: Option<String>,
    /// How the platform stands: `open`, `slowed`, `closed` (G7).
    pub state: String,
    /// When it opens by itself.
    pub closed_until: Option<DateTime<Utc>>,
    /// Closed until a person opens it.
    pub until_opened: bool,
    /// Why it is closed, or was.
    pub reason: Option<String>,
    /// How many workflows wait for it.
    pub waiting: i64,
    /// The sync that is under way.
    pub sync_id: Option<Uuid>,
    /// What that one is at.
    pub phase: Option<String>,
    /// When it began.
    pub sync_begun_at: Option<DateTime<Utc>>,
    /// The last one that ended.
    pub last_sync_id: Option<Uuid>,
    /// When it did.
    pub last_sync_at: Option<DateTime<Utc>>,
    /// Why it failed, if it did.
    pub last_sync_error: Option<String>,
}

/// How everything stands.
///
/// # Errors
/// When Postgres cannot be reached.
pub async fn read(pool: &PgPool, caller: &Caller) -> Result<Overview, Refusal> {
    let mut integrations: Vec<Integration> =
        sqlx::query_as(include_str!("sql/overview_integrations.sql")).fetch_all(pool).await?;
    if !caller.sees_people() {
        let words = integrations.iter_mut().flat_map(|one| one.reason.iter_mut().chain(&mut one.last_sync_error));
        words.for_each(|text| mask::words(text));
    }
    Ok(Overview {
        people: sqlx::query_as(include_str!("sql/overview_people.sql")).fetch_all(pool).await?,
        discrepancies: sqlx::query_as(include_str!("sql/overview_discrepancies.sql")).fetch_one(pool).await?,
        unfinished: sqlx::query_as(include_str!("sql/overview_stands.sql")).fetch_all(pool).await?,
        integrations,
    })
}
