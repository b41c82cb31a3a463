//! Claiming: taking workflows in hand under this worker's lease, with all that is needed to go on where they stand.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    Error,
    registry::{Kind, Registry, RunView},
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
    /// Why it cannot go on in this build.
    pub(crate) unfit: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    position: i64,
    kind: String,
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
        .fetch_all(pool)
        .await?;
    Ok(rows.into_iter().map(|row| held(row, registry)).collect())
}

fn held<C: 'static>(row: Row, registry: &Registry<C>) -> Held<C> {
    let kind = registry.get(&row.kind).cloned();
    let admitted = kind
        .as_ref()
        .map_or_else(|| Err(format!("this build does not know the kind \"{}\"", row.kind)), |k| k.admit(&row.payload));
    let last = row.n.unwrap_or(0);
    let (n, attempt) = if row.moved { (last, 0) } else { ((last - 1).max(0), row.attempt.unwrap_or(0)) };
    let mut held = Held {
        kind,
        run: RunView {
            id: row.id,
            position: row.position,
            enqueued_at: row.enqueued_at,
            payload: Arc::new(row.payload),
        },
        keys: Vec::new(),
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
        unfit: None,
    };
    match admitted {
        Ok(a) => {
            held.keys = a.keys;
            let stands = row.data.unwrap_or(a.state);
            held.at = stands.get("state").and_then(Value::as_str).unwrap_or(a.at).to_owned();
            held.state = stands;
            if held.kind.as_ref().is_some_and(|k| k.step(&held.at).is_none()) {
                held.unfit = Some(format!("this build does not know the state \"{}\"", held.at));
            }
        }
        Err(why) => held.unfit = Some(why),
    }
    held
}
