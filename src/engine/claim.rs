//! Claiming: taking workflows in hand under this worker's lease, with all that is needed to go on where they stand.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    Error,
    registry::{Kind, Registry, RunView},
    version::{self, Stored},
};

/// A workflow in this worker's hands.
pub struct Held<C> {
    /// Its operation; `None`: this build does not know it.
    pub(crate) kind: Option<Arc<dyn Kind<C>>>,
    /// What it is.
    pub(crate) run: RunView,
    /// Its ordering keys.
    pub(crate) keys: Vec<String>,
    /// Where it stands.
    pub(crate) at: String,
    /// That state with its data.
    pub(crate) state: Value,
    /// The last step that was recorded as done.
    pub(crate) n: i32,
    /// Attempts recorded at the step after that.
    pub(crate) attempt: i16,
    /// Failures in a row in `failed_state`.
    pub(crate) failures: i16,
    /// Where they happened.
    pub(crate) failed_state: Option<String>,
    /// Moves from one state to another so far.
    pub(crate) moves: i16,
    /// The worker that held it last was lost, perhaps inside this state's step.
    pub(crate) interrupted: bool,
    /// It stands in a state that settles a write whose outcome is unknown (G3).
    pub(crate) settling: bool,
    /// What a person asked of the worker that held it before, which did not come to it.
    pub(crate) asked: Option<Value>,
    /// The version that its data is marked with from now on, where that is not the run's (G10).
    pub(crate) stamp: Option<i32>,
    /// Why it cannot go on in this build.
    pub(crate) unfit: Option<String>,
}

#[derive(sqlx::FromRow)]
pub(crate) struct Row {
    id: Uuid,
    pub(crate) position: i64,
    pub(crate) kind: String,
    pub(crate) version: i32,
    state: String,
    interrupted_by: Option<Uuid>,
    failures: i16,
    failed_state: Option<String>,
    moves: i16,
    payload: Value,
    enqueued_at: DateTime<Utc>,
    n: Option<i32>,
    attempt: Option<i16>,
    moved: bool,
    data: Option<Value>,
    settling: bool,
    asked: Option<Value>,
    keys: Vec<String>,
}

/// Claims up to `limit` workflows that may go on now.
///
/// # Errors
/// When Postgres cannot be reached.
pub async fn claim<C: 'static>(
    pool: &PgPool,
    worker: Uuid,
    registry: &Registry<C>,
    limit: usize,
) -> Result<Vec<Held<C>>, Error> {
    let rows: Vec<Row> = sqlx::query_as(include_str!("sql/claim.sql"))
        .bind(worker)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .bind(registry.knows())
        .fetch_all(pool)
        .await?;
    Ok(rows.into_iter().map(|row| held(row, registry).0).collect())
}

/// A stored run as this build goes on with it, and the keys that this build would make for it.
pub(crate) fn held<C: 'static>(row: Row, registry: &Registry<C>) -> (Held<C>, Vec<String>) {
    let kind = registry.get(&row.kind).cloned();
    let fit = match &kind {
        None => Err(format!("this build does not know the kind \"{}\"", row.kind)),
        // A person let it go on; its place among its keys is taken when it is resumed.
        Some(_) if row.version == 0 => Err(format!("\"{}\" was not known when this was taken in", row.kind)),
        Some(k) => version::fit(&**k, Stored { version: row.version, payload: &row.payload, state: row.data }),
    };
    let last = row.n.unwrap_or(0);
    let (n, attempt) = if row.moved { (last, 0) } else { ((last - 1).max(0), row.attempt.unwrap_or(0)) };
    let stamp = kind.as_ref().map(|k| k.version()).filter(|own| *own != row.version);
    let mut held = Held {
        kind,
        run: RunView {
            id: row.id,
            position: row.position,
            enqueued_at: row.enqueued_at,
            payload: Arc::new(row.payload),
        },
        keys: row.keys,
        at: row.state,
        state: Value::Null,
        n,
        attempt,
        failures: row.failures,
        failed_state: row.failed_state,
        moves: row.moves,
        interrupted: row.interrupted_by.is_some(),
        settling: row.settling,
        asked: row.asked,
        stamp,
        unfit: None,
    };
    match fit {
        Ok(fit) => {
            (held.at, held.state) = (fit.at, fit.state);
            held.run.payload = Arc::new(fit.payload);
            (held, fit.keys)
        }
        Err(why) => {
            held.unfit = Some(why);
            (held, Vec::new())
        }
    }
}
