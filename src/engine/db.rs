//! Connections for a worker, and transactions that may run again.

use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::{
    PgPool, Postgres, Transaction,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{Error, claim::Claiming, clock};

/// A pool for a worker's own statements. A lock that HubSoft holds is waited for briefly only, and a worker that stops
/// inside a transaction loses it to the server, so that nobody waits for either.
///
/// # Errors
/// When Postgres cannot be reached.
pub async fn worker_pool(
    options: &PgConnectOptions,
    connections: u32,
    claiming: Claiming,
) -> Result<PgPool, sqlx::Error> {
    let isolation = match claiming {
        Claiming::SkipLocked => "read committed",
        Claiming::Guarded => "serializable",
    };
    let options = options.clone().application_name("enlace worker").options([
        ("lock_timeout", "300ms"),
        ("idle_in_transaction_session_timeout", "5s"),
        ("statement_timeout", "60s"),
        ("jit", "off"),
        ("default_transaction_isolation", isolation),
    ]);
    PgPoolOptions::new()
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(Duration::from_secs(10))
        .connect_with(options)
        .await
}

/// Why a statement failed, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Serialisation failure or deadlock: the same transaction may succeed when run again.
    RunAgain,
    /// Somebody else holds a row for too long.
    Busy,
    /// Postgres is away, or going away.
    Away,
    /// A key that must be unique is there already.
    Duplicate,
    /// Anything else.
    Other,
}

/// Sorts an error of Postgres.
pub fn why(error: &sqlx::Error) -> Why {
    match error {
        sqlx::Error::Database(e) => match e.code().as_deref() {
            Some("40001" | "40P01") => Why::RunAgain,
            Some("55P03") => Why::Busy,
            Some("23505") => Why::Duplicate,
            // 57P: shut down by an operator or a crash; 25P03: idle in a transaction for too long; 53300: too many clients.
            Some(c) if c.starts_with("57P") || c.starts_with("08") || c == "25P03" || c == "53300" => Why::Away,
            _ => Why::Other,
        },
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => Why::Away,
        _ => Why::Other,
    }
}

/// Runs a transaction, again if Postgres asks for that (40001, 40P01), ten times at most.
///
/// # Errors
/// The closure's, or the commit's.
pub async fn transaction<T: Send>(
    pool: &PgPool,
    mut body: impl for<'t> FnMut(&'t mut Transaction<'static, Postgres>) -> BoxFuture<'t, Result<T, Error>> + Send,
) -> Result<T, Error> {
    let mut tries = 0;
    loop {
        tries += 1;
        let mut tx = pool.begin().await?;
        let done = match body(&mut tx).await {
            Ok(value) => tx.commit().await.map(|()| value).map_err(Error::from),
            Err(error) => Err(error),
        };
        match done {
            Err(Error::Database(e)) if why(&e) == Why::RunAgain && tries < 10 => {
                clock::sleep(Duration::from_millis(5 * tries)).await;
            }
            other => return other,
        }
    }
}
