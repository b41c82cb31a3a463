//! Durable runs on Postgres: every operation a persisted state machine, driven by workers that poll an outbox.
//!
//! Postgres is the only store and the only coordinator. What HubSoft commits to the outbox is taken in ([`intake`]),
//! claimed under a lease ([`claim`], [`lease`]), run step by step ([`runner`]) and written down ([`record`]), many
//! workflows in one commit. This crate knows no operation, no platform and no port: operations implement
//! [`workflow::Workflow`] and are listed in a [`registry::Registry`]; what their steps write to Postgres is data that an
//! [`Apply`] writes in the transaction which records the step.
//!
//! What is deliberately absent: a transaction held during a call to a platform, a retry that sleeps in memory, a lock that
//! outlives a statement, an advisory lock.

use async_trait::async_trait;
use sqlx::PgConnection;
use uuid::Uuid;

pub mod acts;
mod around;
pub mod attempt;
pub mod claim;
pub mod clock;
pub mod db;
mod hands;
pub mod history;
pub mod intake;
pub mod leader;
pub mod lease;
mod pace;
pub mod query;
pub mod record;
pub mod registry;
mod resume;
pub mod retry;
pub mod runner;
pub mod schedule;
mod tally;
pub mod upstream;
pub mod version;
pub mod wake;
pub mod watch;
pub mod worker;
pub mod workflow;

/// Writes what steps changed, in the transaction that records them (G2: exactly once).
#[async_trait]
pub trait Apply<Change>: Send + Sync + 'static {
    /// Applies changes of many workflows, in the order given. Never begins or ends a transaction.
    ///
    /// # Errors
    /// Whatever made a change impossible; the group is then recorded member by member, so that only its owner fails.
    async fn apply(&self, conn: &mut PgConnection, changes: Vec<(Uuid, Change)>) -> Result<(), Error>;
}

/// What can go wrong in the engine.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Postgres refused, or could not be reached.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// A change that a step asked for could not be written.
    #[error("a change could not be written: {0}")]
    Change(String),
    /// The worker's lease is gone: it records nothing more (G5).
    #[error("the worker lost its lease")]
    LeaseLost,
    /// A schedule's pattern or zone is wrong; names the field.
    #[error("{field}: {message}")]
    Schedule {
        /// `pattern` or `zone`.
        field: &'static str,
        /// What is wrong with it.
        message: String,
    },
}
