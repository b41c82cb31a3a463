//! Questions about workflows that several faces ask alike: one workflow whole, and what waits behind it.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

use crate::{Error, acts::Stands};

/// A workflow as everyone sees it: one row of the view `enlace.workflow`, explained.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct WorkflowRow {
    /// Its id, the outbox row's.
    pub id: Uuid,
    /// The outbox's order, for paging.
    pub seq: i64,
    /// The operation.
    pub kind: String,
    /// Its version, once taken in.
    pub version: Option<i32>,
    /// As contract.md names it.
    pub status: String,
    /// Where it stands.
    pub state: Option<String>,
    /// `{pt, en}`.
    pub explanation: Value,
    /// What it was started with.
    pub payload: Value,
    /// The end state's data.
    pub result: Option<Value>,
    /// The last error.
    pub error: Option<Value>,
    /// Who asked.
    pub requested_by: Option<String>,
    /// The caller's own id.
    pub dedup_id: Option<String>,
    /// The trace that it belongs to: 32 hexadecimal digits.
    pub trace_id: String,
    /// When it was enqueued.
    pub created_at: DateTime<Utc>,
    /// When its first step began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// When it goes on, if it waits for a time.
    pub next_at: Option<DateTime<Utc>>,
    /// Why it is parked.
    pub parked: Option<String>,
    /// How many of its keys others hold.
    pub blockers: Option<i16>,
    /// What is asked of the worker that holds it.
    pub asked: Option<Value>,
    /// Whether a worker has taken it in.
    pub taken_in: bool,
    /// What HubSoft sent, where a person has changed the payload since.
    pub original: Option<Value>,
    /// What it waits for: why a person is to look, `upstream`, `key` or `time`.
    pub waits_for: Option<String>,
}

impl WorkflowRow {
    /// How it stands, for [`crate::acts::legal`].
    pub fn stands(&self) -> Stands {
        Stands {
            kind: self.kind.clone(),
            status: self.status.clone(),
            state: self.state.clone(),
            parked: self.parked.clone(),
            blockers: self.blockers,
            asked: self.asked.clone(),
            taken_in: self.taken_in,
        }
    }
}

/// One attempt, as stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct AttemptRow {
    /// The step's number.
    pub n: i32,
    /// The attempt's.
    pub attempt: i16,
    /// Where it stood.
    pub state: String,
    /// What is done there: Portuguese.
    pub action_pt: Option<String>,
    /// And English.
    pub action_en: Option<String>,
    /// How it ended.
    pub outcome: String,
    /// Where it went.
    pub next_state: Option<String>,
    /// `{class, code, message}`.
    pub error: Option<Value>,
    /// `[{method, path, status, ms}]`.
    pub calls: Option<Value>,
    /// When it began.
    pub began_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: DateTime<Utc>,
    /// The worker.
    pub worker: Option<Uuid>,
}

/// An act, as stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ActRow {
    /// Its id.
    pub id: Uuid,
    /// What.
    pub act: String,
    /// Who.
    pub person: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: DateTime<Utc>,
    /// How it stood.
    pub before: Option<Value>,
    /// How it stood then.
    pub after: Option<Value>,
}

/// One workflow.
///
/// # Errors
/// When Postgres cannot be reached.
pub async fn workflow(pool: &PgPool, id: Uuid) -> Result<Option<WorkflowRow>, Error> {
    Ok(sqlx::query_as(include_str!("sql/workflow.sql")).bind(id).fetch_optional(pool).await?)
}

/// Its attempts, in order.
///
/// # Errors
/// When Postgres cannot be reached.
pub async fn attempts(pool: &PgPool, id: Uuid) -> Result<Vec<AttemptRow>, Error> {
    Ok(sqlx::query_as(include_str!("sql/attempts.sql")).bind(id).fetch_all(pool).await?)
}

/// Acts on it, in order.
///
/// # Errors
/// When Postgres cannot be reached.
pub async fn acts(pool: &PgPool, id: Uuid) -> Result<Vec<ActRow>, Error> {
    Ok(sqlx::query_as(include_str!("sql/acts.sql")).bind(id).fetch_all(pool).await?)
}

/// Whether one piece of work for all of these keys was taken in after a position (rule B8); `None`: committed rows wait to be taken
/// in, so that it is not known yet.
///
/// # Errors
/// When Postgres cannot be reached.
pub async fn later_work(pool: &PgPool, keys: &[String], position: i64) -> Result<Option<bool>, Error> {
    let (later, behind): (bool, bool) =
        sqlx::query_as(include_str!("sql/later_work.sql")).bind(keys).bind(position).fetch_one(pool).await?;
    Ok(if later { Some(true) } else { (!behind).then_some(false) })
}
