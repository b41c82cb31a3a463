//! Connections, how long they are waited for, and transactions that may run again.
//!
//! A network can lose a connection without telling either end. Then no answer ever comes, and the driver waits for it for
//! good: whoever asks Postgres for anything waits [`within`] a limit, and a pool tries a connection out before it is lent and
//! before it is taken back (G11).

use std::{
    io,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use sqlx::{
    Connection, PgConnection, PgPool, Postgres,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{Error, claim::Claiming, clock};

/// The longest wait for an answer: longer than the server itself lets a worker's statement run, so that it is over only where
/// no answer comes.
pub const ANSWER: Duration = Duration::from_secs(30);
/// The longest wait where little is asked in the middle of a step, which is tried again on another connection: one that waits for
/// an answer which never comes stays in hand, and whoever is behind it with it.
pub const SMALL: Duration = Duration::from_secs(5);
/// How soon a connection that is whole answers to a question that costs nothing.
const SIGN_OF_LIFE: Duration = Duration::from_secs(2);
/// How long a connection that answered counts as whole: less than an idle worker rests.
const TRUSTED: Duration = Duration::from_millis(700);

/// A pool whose connections are known to be whole when they are lent. One that was given back in the middle of a question is
/// thrown away unless its answer comes at once: waiting for it would keep its place for ever.
pub fn pool_options(connections: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections)
        // While Postgres is away there is a try every fifth of this, at the least.
        .acquire_timeout(Duration::from_secs(5))
        // The same question, without a limit, and also of what answered a moment ago.
        .test_before_acquire(false)
        .before_acquire(|conn, about| {
            // It answered when it was given back: what was in use a moment ago need not be asked once more.
            let asks = about.idle_for > TRUSTED;
            let suspect = clock::monotonic().checked_sub(about.idle_for).is_none_or(is_suspect);
            Box::pin(async move {
                match (suspect, asks) {
                    (true, _) => Ok(false),
                    (false, true) => answers(conn).await.map(|()| true),
                    (false, false) => Ok(true),
                }
            })
        })
        .after_release(|conn, _| Box::pin(async { answers(conn).await.map(|()| true) }))
}

/// What every session asks of the server, in one place for all of them. One whose other end went away without a word, through a
/// network that lost it, keeps its place among the server's connections for as long as the server believes in it: by default
/// more than two hours, in which those who come back may find no place.
pub const SESSION: [(&str, &str); 5] = [
    ("tcp_keepalives_idle", "30s"),
    ("tcp_keepalives_interval", "10s"),
    ("tcp_keepalives_count", "3"),
    ("tcp_user_timeout", "60s"),
    // Each of our statements is short: compiling one takes longer than running it.
    ("jit", "off"),
];

/// How long is waited at the end for what Postgres may no longer answer.
pub const GOODBYE: Duration = Duration::from_secs(2);

/// Closes a pool; what is half open is never given back, and is left behind.
pub async fn close(pool: &PgPool) {
    let _left_behind = tokio::time::timeout(GOODBYE, pool.close()).await;
}

/// When something was last asked that was not answered.
static SILENCE: Mutex<Option<Instant>> = Mutex::new(None);

async fn answers(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    within(SIGN_OF_LIFE, conn.ping()).await
}

/// Whether a connection that last answered then is better replaced than asked. A network seldom loses one connection alone, and
/// to find that out of one after the other takes seconds for each, in which nothing is done and nobody is replaced who died.
fn is_suspect(answered: Instant) -> bool {
    SILENCE.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|silence| answered < silence)
}

fn no_answer() -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "Postgres does not answer"))
}

/// Waits for an answer of Postgres no longer than that; then it counts as away.
///
/// # Errors
/// What was asked fails with, or that it was not answered.
pub async fn within<T, E: From<sqlx::Error>>(
    limit: Duration,
    asked: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let began = clock::monotonic();
    tokio::time::timeout(limit, asked).await.unwrap_or_else(|_| {
        *SILENCE.lock().unwrap_or_else(PoisonError::into_inner) = Some(began);
        Err(no_answer().into())
    })
}

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
    let options = options.clone().application_name("enlace worker").options(SESSION).options([
        ("lock_timeout", "300ms"),
        ("idle_in_transaction_session_timeout", "5s"),
        ("statement_timeout", "20s"),
        // Every statement finds its rows by a key. The tables fill and empty all day, and a plan that was made while one was
        // empty reads the whole of it once it is full.
        ("enable_seqscan", "off"),
        // So there is nothing to be gained by planning one again for the values that it is asked with.
        ("plan_cache_mode", "force_generic_plan"),
        ("default_transaction_isolation", isolation),
    ]);
    pool_options(connections).min_connections(1).connect_with(options).await
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
    /// What a worker recorded is of a workflow that it does not hold (`enlace.not_held`).
    NotHeld,
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
            Some("EN001") => Why::NotHeld,
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

/// A connection that its owner keeps between questions: nothing is asked before it is lent, and the server's process behind it
/// stays the one that has just worked. One that did not answer well is given back to the pool, which finds out what is wrong.
pub struct Line {
    pool: PgPool,
    patience: Duration,
    kept: Option<(PoolConnection<Postgres>, Instant)>,
}

/// How a piece of work is sent to Postgres.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// One statement, which commits by itself.
    Alone,
    /// Several, between `begin` and `commit`.
    Together,
}

impl Line {
    /// Connects when it is first used, and waits for each answer as long as anybody may.
    pub fn of(pool: &PgPool) -> Self {
        Self::patient(pool, ANSWER)
    }

    /// The same, waiting for each answer so long and no longer.
    pub fn patient(pool: &PgPool, patience: Duration) -> Self {
        Self { pool: pool.clone(), patience, kept: None }
    }

    /// The connection, whole. Whoever had a good answer gives it back to [`Self::keep`].
    ///
    /// # Errors
    /// When Postgres cannot be reached.
    pub async fn take(&mut self) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        if let Some((mut conn, answered)) = self.kept.take()
            && !is_suspect(answered)
            && (answered.elapsed() < TRUSTED || answers(&mut conn).await.is_ok())
        {
            return Ok(conn);
        }
        self.pool.acquire().await
    }

    /// Keeps a connection for the next question.
    pub fn keep(&mut self, conn: PoolConnection<Postgres>) {
        self.kept = Some((conn, clock::monotonic()));
    }

    /// Does a piece of work, again if Postgres asks for that (40001, 40P01), ten times at most. One that is not answered may
    /// have been committed all the same.
    ///
    /// # Errors
    /// The closure's, or the commit's.
    pub async fn run<T: Send>(
        &mut self,
        sent: Sent,
        mut body: impl for<'t> FnMut(&'t mut PgConnection) -> BoxFuture<'t, Result<T, Error>> + Send,
    ) -> Result<T, Error> {
        let (mut tries, patience) = (0, self.patience);
        loop {
            tries += 1;
            let once = async {
                let mut conn = self.take().await?;
                let value = match sent {
                    Sent::Alone => body(&mut conn).await?,
                    Sent::Together => {
                        let mut tx = conn.begin().await?;
                        let value = body(&mut tx).await?;
                        tx.commit().await?;
                        value
                    }
                };
                self.keep(conn);
                Ok(value)
            };
            match within(patience, once).await {
                Err(Error::Database(e)) if why(&e) == Why::RunAgain && tries < 10 => {
                    clock::sleep(Duration::from_millis(5 * tries)).await;
                }
                other => return other,
            }
        }
    }
}

/// Runs a transaction on any connection of a pool, as [`Line::run`] does.
///
/// # Errors
/// The closure's, or the commit's.
pub async fn transaction<T: Send>(
    pool: &PgPool,
    body: impl for<'t> FnMut(&'t mut PgConnection) -> BoxFuture<'t, Result<T, Error>> + Send,
) -> Result<T, Error> {
    Line::of(pool).run(Sent::Together, body).await
}
