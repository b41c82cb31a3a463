//! The trail: which work names a port or a service. Written behind the intake, by one process at a time, so
//! that HubSoft's transactions pay nothing for it (`migrations/0024_trail.sql`); what is not written yet is found all the same.

use std::time::Duration;

use engine::{
    Error, clock,
    db::transaction,
    leader::{self, Candidate, Term},
};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

/// Leads the writing.
pub const DUTY: &str = "trail";
/// How long a leader that says nothing keeps the duty: meanwhile more is looked through as it stands, and nothing is missed.
const LEASE: Duration = Duration::from_secs(30);
/// How often there is a look. In between, what was not reached is looked through by whoever searches.
const LOOK: Duration = Duration::from_secs(5);
/// Rows of the outbox in one transaction. Sorted, so that the more there are, the fewer pages of the index each touches.
const BATCH: i64 = 20_000;

/// Writes whenever this process leads, until `stop`.
pub async fn keep(pool: PgPool, name: String, stop: CancellationToken) {
    let candidate = Candidate { duty: DUTY, name, lease: LEASE };
    leader::look_every(LOOK, pool, candidate, stop, move |pool, term| async move {
        let written = look(&pool, term).await?;
        if written > 0 {
            tracing::debug!(trail.written = written, "the trail was written");
        }
        Ok(())
    })
    .await;
}

/// Writes all that can be written, at half speed: HubSoft and the workers are beside it. How many rows of the outbox that was.
///
/// # Errors
/// [`Error::LeaseLost`] where another process leads by now, or when Postgres refuses.
pub async fn look(pool: &PgPool, term: Term) -> Result<i64, Error> {
    let mut all = 0;
    loop {
        let began = clock::monotonic();
        let written: i64 = transaction(pool, |tx| {
            Box::pin(async move {
                term.holds(tx).await?;
                Ok(sqlx::query_scalar(include_str!("sql/trail_write.sql")).bind(BATCH).fetch_one(&mut *tx).await?)
            })
        })
        .await?;
        all += written;
        if written < BATCH {
            return Ok(all);
        }
        clock::sleep(began.elapsed()).await;
    }
}
