//! What else wanted the same port, service or integration, before a workflow and after it: the story that it is a part of.

use engine::query::{self, WorkflowRow};
use serde::Serialize;
use sqlx::PgPool;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Caller, Refusal, kinds,
    workflows::{Summary, readable, summaries},
};

/// How many are told on each side.
const NEAR: i64 = 10;

/// Workflows on the same keys as one.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Neighbours {
    /// What is shared: ports, services, integrations.
    #[schema(example = json!(["port:812", "service:4411"]))]
    pub keys: Vec<String>,
    /// Those that were asked for before it, the nearest first; ten at most.
    pub before: Vec<Summary>,
    /// Those that were asked for after it, the nearest first; ten at most.
    pub after: Vec<Summary>,
}

/// What else wanted the same.
///
/// # Errors
/// [`Refusal::Missing`], also for one that this caller may not read.
pub async fn of(pool: &PgPool, caller: &Caller, id: Uuid) -> Result<Neighbours, Refusal> {
    readable(pool, caller, id).await?;
    let row = query::workflow(pool, id).await?.ok_or_else(|| Refusal::no_workflow(id))?;
    let keys = kinds::keys(&row.kind, &row.payload);
    if keys.is_empty() {
        return Ok(Neighbours::default());
    }
    let before = side(pool, caller, &keys, row.seq, false).await?;
    let after = side(pool, caller, &keys, row.seq, true).await?;
    Ok(Neighbours { keys, before, after })
}

async fn side(pool: &PgPool, caller: &Caller, keys: &[String], seq: i64, after: bool) -> Result<Vec<Summary>, Refusal> {
    let of = |what: &str| -> Vec<i64> {
        keys.iter().filter_map(|key| key.strip_prefix(what)?.strip_prefix(':')?.parse().ok()).collect()
    };
    let mut tx = pool.begin().await?;
    sqlx::query(include_str!("sql/patience.sql")).execute(&mut *tx).await?;
    // Planned with the keys at hand, as a list is.
    let query = sqlx::query_as(include_str!("sql/neighbours.sql")).persistent(false).bind(seq).bind(after);
    let query = query.bind(of("port")).bind(of("service")).bind(of("integration")).bind(NEAR);
    let mut rows: Vec<WorkflowRow> = query.fetch_all(&mut *tx).await?;
    tx.rollback().await?;
    if let Some(token) = caller.reads_only_of() {
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let query = sqlx::query_scalar(include_str!("sql/started_of.sql")).bind(token).bind(ids);
        let theirs: Vec<Uuid> = query.fetch_all(pool).await?;
        rows.retain(|row| theirs.contains(&row.id));
    }
    summaries(pool, caller, rows.into_iter()).await
}
