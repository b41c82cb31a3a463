//! What stands first in the console: what waits for a person, and how each integration is.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use engine::{
    clock,
    db::{ANSWER, within},
};
use serde::Serialize;
use sqlx::{FromRow, PgPool};
use tokio::sync::Mutex;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Caller, Refusal, mask, top};

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
#[schema(as = OverviewCount)]
pub struct Count {
    /// How many.
    pub count: i64,
    /// Since when the oldest; null: there is none.
    pub since: Option<DateTime<Utc>>,
}

/// The same of one sort.
#[derive(Clone, Debug, Serialize, ToSchema, FromRow)]
#[schema(as = OverviewGroup)]
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
#[schema(as = OverviewIntegration)]
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
    /// From HubSoft's commit to the platform: half of its last changes took no longer, in seconds.
    #[sqlx(skip)]
    pub lag_half_seconds: Option<f64>,
    /// The same of 19 in 20.
    #[sqlx(skip)]
    pub lag_most_seconds: Option<f64>,
    /// Calls of the last six hours, in five minutes each.
    #[sqlx(skip)]
    pub calls: Vec<Calls>,
}

/// Calls in five minutes.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = OverviewCalls)]
pub struct Calls {
    /// When these began.
    pub at: DateTime<Utc>,
    /// How many were answered.
    pub answered: i64,
    /// How many failed: no answer, 5xx, 429, 401, 403.
    pub failed: i64,
    /// How long one took, on average.
    pub milliseconds: f64,
}

#[derive(FromRow)]
struct CallRow {
    upstream: String,
    at: DateTime<Utc>,
    answered: i64,
    failed: i64,
    milliseconds: i64,
}

/// The board: what was read last serves whoever asks within a second, because fifty people may look at it at once.
#[derive(Clone, Default)]
pub struct Board(Arc<Mutex<Option<(Instant, Overview)>>>);

/// How old an answer may be.
const FRESH: Duration = Duration::from_secs(1);

impl Board {
    /// How everything stands, as this caller may see it.
    ///
    /// # Errors
    /// When Postgres cannot be reached.
    pub async fn read(&self, pool: &PgPool, caller: &Caller) -> Result<Overview, Refusal> {
        let mut last = self.0.lock().await;
        let fresh = last.as_ref().filter(|(at, _)| at.elapsed() < FRESH).map(|(_, all)| all.clone());
        let mut all = match fresh {
            Some(all) => all,
            None => last.insert((clock::monotonic(), within(ANSWER, read(pool)).await?)).1.clone(),
        };
        if !caller.sees_people() {
            let words =
                all.integrations.iter_mut().flat_map(|one| one.reason.iter_mut().chain(&mut one.last_sync_error));
            words.for_each(mask::words);
        }
        Ok(all)
    }
}

async fn read(pool: &PgPool) -> Result<Overview, Refusal> {
    let mut integrations: Vec<Integration> =
        sqlx::query_as(include_str!("sql/overview_integrations.sql")).fetch_all(pool).await?;
    let calls: Vec<CallRow> = sqlx::query_as(include_str!("sql/overview_calls.sql")).fetch_all(pool).await?;
    let lags = top::lag(pool).await?;
    for one in &mut integrations {
        let upstream = format!("integration:{}", one.id_integracao);
        one.calls = calls.iter().filter(|row| row.upstream == upstream).map(Calls::from).collect();
        let lag = lags.iter().find(|lag| lag.id_integracao == Some(one.id_integracao));
        (one.lag_half_seconds, one.lag_most_seconds) =
            lag.map_or((None, None), |lag| (lag.p50_seconds, lag.p95_seconds));
    }
    Ok(Overview {
        people: sqlx::query_as(include_str!("sql/overview_people.sql")).fetch_all(pool).await?,
        discrepancies: sqlx::query_as(include_str!("sql/overview_discrepancies.sql")).fetch_one(pool).await?,
        unfinished: sqlx::query_as(include_str!("sql/overview_stands.sql")).fetch_all(pool).await?,
        integrations,
    })
}

impl From<&CallRow> for Calls {
    fn from(row: &CallRow) -> Self {
        let all = row.answered + row.failed;
        Self {
            at: row.at,
            answered: row.answered,
            failed: row.failed,
            milliseconds: if all == 0 { 0.0 } else { row.milliseconds as f64 / all as f64 },
        }
    }
}
