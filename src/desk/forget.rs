//! What outlives the work that it is about loses what it says of people when that work is forgotten (rule P2): differences that
//! were settled, syncs that failed, searches that acts on many were for, answers kept beside their keys. The engine forgets the work itself, and the acts on it.

use std::time::Duration;

use engine::{
    Error,
    db::transaction,
    leader::{self, Candidate, Term},
};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::once;

/// Leads the forgetting.
pub const DUTY: &str = "people";
/// How long a leader that says nothing keeps the duty, and how often there is a look: nothing here is urgent.
const LEASE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_secs(1800);

/// Forgets whenever this process leads, until `stop`.
pub async fn keep(pool: PgPool, name: String, days: u32, stop: CancellationToken) {
    let candidate = Candidate { duty: DUTY, name, lease: LEASE };
    leader::look_every(LOOK, pool, candidate, stop, move |pool, term| async move {
        let forgotten = look(&pool, term, days).await?;
        if forgotten > 0 {
            tracing::info!(people.forgotten = forgotten, "what was kept of people was forgotten");
        }
        Ok(())
    })
    .await;
}

/// Forgets what is older than these days; how many rows were changed.
///
/// # Errors
/// [`Error::LeaseLost`] where another process leads by now, or when Postgres refuses.
pub async fn look(pool: &PgPool, term: Term, days: u32) -> Result<u64, Error> {
    let days = i32::try_from(days).unwrap_or(i32::MAX);
    transaction(pool, |tx| {
        Box::pin(async move {
            term.holds(tx).await?;
            let searches = sqlx::query(include_str!("sql/forget_searches.sql")).bind(days).execute(&mut *tx).await?;
            let network = mapping::retention::forget(&mut *tx, days).await.map_err(|error| match error {
                mapping::Error::Database(error) => Error::Database(error),
                other => Error::Change(other.to_string()),
            })?;
            let requests = once::forget(tx).await?;
            Ok(searches.rows_affected() + network + requests)
        })
    })
    .await
}
