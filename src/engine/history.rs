//! History: kept in weeks, and not for ever (rule P2).
//!
//! One process at a time makes the partitions of the coming weeks, deletes old rows of the outbox, and drops partitions of
//! steps and ends whose outbox rows are gone, after adding up what they held. What is unfinished stays, however old it is.

use std::time::Duration;

use chrono::NaiveDate;
use sqlx::{PgConnection, PgPool};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    Error, clock,
    db::{ANSWER, Why, transaction, why, within},
    leader::{self, Candidate, Term},
};

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub struct Keep {
    /// How long a workflow is kept after its end.
    pub days: u32,
    /// For how many weeks to come partitions are made.
    pub weeks_ahead: u32,
}

/// What one look did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Partitions made.
    pub made: usize,
    /// Workflows forgotten.
    pub forgotten: i64,
    /// Partitions dropped, or cut down to what is needed.
    pub dropped: usize,
    /// Partitions that were too busy, or of which too much is needed; the next look tries again.
    pub left: usize,
}

/// Leads the keeping of history.
pub const DUTY: &str = "history";
/// How long a leader that says nothing keeps the duty: nothing here is urgent.
const LEASE: Duration = Duration::from_secs(30);
/// How often there is a look.
const LOOK: Duration = Duration::from_secs(1800);
/// Workflows forgotten in one transaction.
const BATCH: i64 = 1000;
/// How often a partition's lock is tried for in one look. Each try keeps workers waiting for 100 ms at most.
const TRIES: u32 = 10;

/// Keeps history whenever this process leads, until `stop`.
pub async fn keep(pool: PgPool, name: String, keep: Keep, stop: CancellationToken) {
    let candidate = Candidate { duty: DUTY, name, lease: LEASE };
    leader::look_every(LOOK, pool, candidate, stop, move |pool, term| async move {
        let kept = look(&pool, term, keep).await?;
        if kept != Kept::default() {
            tracing::info!(
                history.made = kept.made,
                history.forgotten = kept.forgotten,
                history.dropped = kept.dropped,
                history.left = kept.left,
                "history was kept in order"
            );
        }
        Ok(())
    })
    .await;
}

/// Makes what is missing and drops what is old.
///
/// # Errors
/// [`Error::LeaseLost`] where another process leads by now, or when Postgres refuses.
pub async fn look(pool: &PgPool, term: Term, keep: Keep) -> Result<Kept, Error> {
    let mut kept = Kept::default();
    make(pool, term, keep, &mut kept).await?;
    forget(pool, term, keep, &mut kept).await?;
    drop_old(pool, term, keep, &mut kept).await?;
    Ok(kept)
}

async fn make(pool: &PgPool, term: Term, keep: Keep, kept: &mut Kept) -> Result<(), Error> {
    let missing = sqlx::query_as(include_str!("sql/history_missing.sql")).bind(weeks(keep)).fetch_all(pool);
    let missing: Vec<(String, NaiveDate)> = within(ANSWER, missing).await?;
    for (parent, monday) in missing {
        match locked(pool, term, Job::Add(parent, monday)).await? {
            Some(true) => kept.made += 1,
            Some(false) => {}
            // Somebody reads everything, for long: no table is to be had now.
            None => {
                kept.left += 1;
                break;
            }
        }
    }
    Ok(())
}

/// Deletes old rows of the outbox, oldest first, in small batches and at half speed: HubSoft inserts beside it.
async fn forget(pool: &PgPool, term: Term, keep: Keep, kept: &mut Kept) -> Result<(), Error> {
    // Each batch begins after the last: rows that are just deleted still lie in the index until it is cleaned.
    let mut after = Some(Uuid::nil());
    while let Some(from) = after {
        let began = clock::monotonic();
        let (last, gone): (Option<Uuid>, i64) = transaction(pool, |tx| {
            Box::pin(async move {
                term.holds(tx).await?;
                let batch = sqlx::query_as(include_str!("sql/history_forget.sql"));
                Ok(batch.bind(from).bind(days(keep)).bind(BATCH).fetch_one(&mut *tx).await?)
            })
        })
        .await?;
        kept.forgotten += gone;
        after = last;
        clock::sleep(began.elapsed()).await;
    }
    Ok(())
}

async fn drop_old(pool: &PgPool, term: Term, keep: Keep, kept: &mut Kept) -> Result<(), Error> {
    let spent = sqlx::query_as(include_str!("sql/history_spent.sql")).bind(days(keep)).fetch_all(pool);
    let spent: Vec<(String,)> = within(ANSWER, spent).await?;
    for (partition,) in spent {
        match locked(pool, term, Job::Retire(partition)).await? {
            Some(true) => kept.dropped += 1,
            Some(false) => kept.left += 1,
            None => {
                kept.left += 1;
                break;
            }
        }
    }
    let mut swept = i64::MAX;
    while swept > 0 {
        swept = transaction(pool, |tx| {
            Box::pin(async move {
                term.holds(tx).await?;
                let sweep = sqlx::query_scalar(include_str!("sql/history_sweep.sql"));
                Ok(sweep.bind(days(keep)).bind(BATCH).fetch_one(&mut *tx).await?)
            })
        })
        .await?;
    }
    Ok(())
}

/// What needs a table's lock.
#[derive(Clone)]
enum Job {
    Add(String, NaiveDate),
    Retire(String),
}

impl Job {
    async fn run(self, conn: &mut PgConnection) -> Result<bool, Error> {
        let job = match self {
            Self::Add(parent, monday) => {
                sqlx::query_scalar(include_str!("sql/history_add.sql")).bind(parent).bind(monday)
            }
            Self::Retire(partition) => sqlx::query_scalar(include_str!("sql/history_retire.sql")).bind(partition),
        };
        Ok(job.fetch_one(conn).await?)
    }
}

/// Does a job in a transaction that waits for the lock briefly, because all who come later wait behind it, and tries again.
/// `None`: it could not be had.
async fn locked(pool: &PgPool, term: Term, job: Job) -> Result<Option<bool>, Error> {
    for _ in 0..TRIES {
        let done = transaction(pool, |tx| {
            let job = job.clone();
            Box::pin(async move {
                sqlx::query(include_str!("sql/history_patience.sql")).execute(&mut *tx).await?;
                term.holds(tx).await?;
                job.run(tx).await
            })
        });
        match done.await {
            Err(Error::Database(e)) if matches!(why(&e), Why::Busy | Why::RunAgain) => {
                tracing::debug!(error = %e, "a partition is in use; trying again");
                clock::sleep(Duration::from_millis(500)).await;
            }
            other => return other.map(Some),
        }
    }
    Ok(None)
}

fn days(keep: Keep) -> i32 {
    i32::try_from(keep.days).unwrap_or(i32::MAX)
}

fn weeks(keep: Keep) -> i32 {
    i32::try_from(keep.weeks_ahead).unwrap_or(i32::MAX)
}
