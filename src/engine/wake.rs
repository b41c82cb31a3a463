//! Waking up. Idle workers are notified by the insert that ends their sleep; busy ones poll. Polling alone suffices: a
//! connection pooler may swallow every notification and nothing is lost but milliseconds.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::{PgPool, postgres::PgListener};

use crate::{Error, clock};

/// Something that ends a worker's sleep early.
#[async_trait]
pub trait Wake: Send {
    /// Returns when there may be work.
    async fn woken(&mut self);
}

/// Woken by `NOTIFY enlace`.
pub struct Notified {
    listener: PgListener,
}

impl Notified {
    /// Listens on a connection of its own.
    ///
    /// # Errors
    /// When Postgres cannot be reached.
    pub async fn listen(pool: &PgPool) -> Result<Self, Error> {
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen("enlace").await?;
        Ok(Self { listener })
    }
}

#[async_trait]
impl Wake for Notified {
    async fn woken(&mut self) {
        // A broken connection is re-made by the listener; what was missed meanwhile is found by polling.
        if let Err(error) = self.listener.recv().await {
            tracing::debug!(%error, "notifications are interrupted; polling goes on");
            clock::sleep(Duration::from_secs(1)).await;
        }
    }
}

/// Never woken: for databases behind a transaction pooler.
pub struct PollingAlone;

#[async_trait]
impl Wake for PollingAlone {
    async fn woken(&mut self) {
        std::future::pending().await
    }
}

/// Announces how long this worker sleeps, so that inserts know whether to notify; nothing: it is awake.
///
/// # Errors
/// When Postgres cannot be reached.
pub async fn announce_sleep(pool: &PgPool, length: Duration) -> Result<(), Error> {
    sqlx::query(include_str!("sql/sleep.sql")).bind(length.as_secs_f64()).execute(pool).await?;
    Ok(())
}
