//! A worker's lease: one row, by the database's clock (G5). Losing it is losing every workflow under it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use sqlx::{PgConnection, PgPool};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    Error,
    claim::Claiming,
    clock::{self, DatabaseClock},
    db::{self, ANSWER, transaction},
    tally::ENGINE,
};

/// The lease that this process holds, as far as it can know by itself.
#[derive(Debug)]
pub struct Lease {
    /// The worker's id: the fencing token that every record carries.
    pub worker: Uuid,
    /// The database's time.
    pub clock: DatabaseClock,
    length: Duration,
    started: Instant,
    /// Milliseconds after `started` until which the lease surely holds.
    good_until: AtomicU64,
    lost: AtomicBool,
}

impl Lease {
    /// Registers a worker called `name`, whose build knows these kinds in these versions.
    ///
    /// # Errors
    /// When Postgres cannot be reached.
    pub async fn take(
        pool: &PgPool,
        name: &str,
        knows: &serde_json::Value,
        length: Duration,
    ) -> Result<Arc<Self>, Error> {
        let started = clock::monotonic();
        let (worker, now) = sqlx::query_as(include_str!("sql/lease_take.sql"))
            .bind(name)
            .bind(env!("CARGO_PKG_VERSION"))
            .bind(length.as_secs_f64())
            .bind(knows)
            .fetch_one(pool)
            .await?;
        Ok(Self::begun(worker, DatabaseClock::starting_at(now, started), length, started))
    }

    fn begun(worker: Uuid, clock: DatabaseClock, length: Duration, started: Instant) -> Arc<Self> {
        let (good_until, lost) = (AtomicU64::new(0), AtomicBool::new(false));
        let lease = Self { worker, clock, length, started, good_until, lost };
        lease.good_from(started);
        Arc::new(lease)
    }

    /// A lease that no database knows.
    #[cfg(test)]
    pub(crate) fn of_nobody(length: Duration) -> Arc<Self> {
        let started = clock::monotonic();
        let clock = DatabaseClock::starting_at(chrono::DateTime::UNIX_EPOCH, started);
        Self::begun(Uuid::nil(), clock, length, started)
    }

    /// Whether the lease surely holds. Counted from before the request that renewed it, on a clock that goes on while the
    /// process is stopped: so a worker that slept through its lease knows it before it does anything else.
    pub fn alive(&self) -> bool {
        !self.remaining().is_zero()
    }

    /// For how long the lease surely holds.
    fn remaining(&self) -> Duration {
        if self.lost.load(Ordering::Relaxed) {
            return Duration::ZERO;
        }
        let left =
            Duration::from_millis(self.good_until.load(Ordering::Relaxed)).saturating_sub(self.started.elapsed());
        if left.is_zero() {
            // For good, even if an answer that was late says that the database has renewed it: somebody may have seen this already,
            // and have let go of a workflow that nobody else would take up while the lease holds.
            self.lose();
        }
        left
    }

    /// For how long an answer is waited for in whatever is done under this lease. Where none comes for so long the connection is
    /// lost, or Postgres so slow that the lease can hardly be kept; and whoever died has to be replaced meanwhile.
    pub fn patience(&self) -> Duration {
        self.length.mul_f64(0.6).min(ANSWER)
    }

    /// Returns when the lease does not surely hold any more, whatever else hangs.
    pub async fn ends(&self) {
        while self.alive() {
            clock::sleep(self.remaining().min(Duration::from_millis(250))).await;
        }
    }

    /// Gives the lease up: whatever noticed that it is gone says so here.
    pub fn lose(&self) {
        if !self.lost.swap(true, Ordering::Relaxed) {
            ENGINE.leases_lost.increment(1);
        }
    }

    fn good_from(&self, asked: Instant) {
        let good = asked.duration_since(self.started) + self.length.mul_f64(0.9);
        self.good_until.store(u64::try_from(good.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Renews the lease four times in its length, until `stop`, or until it is lost. A try that is not answered is given up
    /// while there is time for others, on other connections: no single one loses the lease.
    pub async fn keep(self: Arc<Self>, pool: PgPool, stop: CancellationToken) {
        let mut pause = self.length / 4;
        while self.alive() {
            tokio::select! {
                () = clock::sleep(pause) => {}
                () = stop.cancelled() => return,
            }
            pause = match db::within(self.remaining() / 2, self.renew(&pool)).await {
                Ok(()) => self.length / 4,
                Err(error) => {
                    tracing::warn!(%error, "the lease could not be renewed");
                    self.length / 16
                }
            };
        }
        self.lose();
    }

    async fn renew(&self, pool: &PgPool) -> Result<(), Error> {
        let asked = clock::monotonic();
        let renewed: Option<(chrono::DateTime<chrono::Utc>,)> = sqlx::query_as(include_str!("sql/lease_renew.sql"))
            .bind(self.worker)
            .bind(self.length.as_secs_f64())
            .fetch_optional(pool)
            .await?;
        match renewed {
            Some((now,)) => {
                self.clock.set(now, asked);
                self.good_from(asked);
            }
            None => self.lose(),
        }
        Ok(())
    }

    /// An orderly stop: everything is handed over at once; `in_the_middle` names what was interrupted inside a step.
    ///
    /// # Errors
    /// When Postgres cannot be reached; the lease then runs out by itself.
    pub async fn give_up(&self, pool: &PgPool, in_the_middle: &[Uuid]) -> Result<(), Error> {
        self.lost.store(true, Ordering::Relaxed);
        let (worker, in_the_middle) = (self.worker, in_the_middle.to_vec());
        let given_up = transaction(pool, move |conn| {
            let in_the_middle = in_the_middle.clone();
            Box::pin(async move {
                let ended = include_str!("sql/lease_give_up.sql");
                let ended: Vec<Uuid> = sqlx::query_scalar(ended).bind(worker).fetch_all(&mut *conn).await?;
                free(conn, &ended, Some(&in_the_middle)).await
            })
        });
        given_up.await.map(drop)
    }
}

/// Takes the work of dead workers away from them; how many workflows that freed.
///
/// # Errors
/// When Postgres cannot be reached.
pub async fn reap(pool: &PgPool, claiming: Claiming) -> Result<u64, Error> {
    let statement = match claiming {
        Claiming::SkipLocked => include_str!("sql/lease_reap.sql"),
        Claiming::Guarded => include_str!("sql/lease_reap_guarded.sql"),
    };
    let reaped = transaction(pool, move |conn| {
        Box::pin(async move {
            let dead: Vec<Uuid> = sqlx::query_scalar(statement).fetch_all(&mut *conn).await?;
            free(conn, &dead, None).await
        })
    });
    reaped.await
}

async fn free(conn: &mut PgConnection, workers: &[Uuid], in_the_middle: Option<&[Uuid]>) -> Result<u64, Error> {
    if workers.is_empty() {
        return Ok(0);
    }
    let freed = sqlx::query(include_str!("sql/lease_free.sql")).bind(workers).bind(in_the_middle).execute(conn).await?;
    Ok(freed.rows_affected())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g5_a_lease_that_was_seen_to_have_run_out_is_not_taken_up_again() {
        let lease = Lease::of_nobody(Duration::ZERO);
        assert!(!lease.alive(), "whoever asks now lets go of its workflow");
        lease.good_from(clock::monotonic() + Duration::from_secs(60));
        assert!(!lease.alive(), "although the database renewed it, and its answer was late");
    }
}
