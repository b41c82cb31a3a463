//! The application put together.

use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::settings::Settings;

/// What the application is made from.
pub struct Parts {
    /// The settings of this process.
    pub settings: Settings,
    /// The database, migrated.
    pub pool: PgPool,
    /// Where the API and the console listen; `None` without that role.
    pub api: Option<TcpListener>,
    /// Where health and metrics listen.
    pub ops: TcpListener,
    /// Cancelled when the process is to stop.
    pub stop: CancellationToken,
}

/// Runs the roles of this process until `stop` is cancelled.
pub async fn run(parts: Parts) -> sqlx::Result<()> {
    parts.stop.cancelled().await;
    Ok(())
}
