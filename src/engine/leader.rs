//! Leadership: duties that one process at a time has, under a lease by the database's clock.
//!
//! A row, not a lock of a session: a transaction pooler, a failover or a stopped process can neither lose it unnoticed nor
//! keep it for ever. Its term is the fencing number. Whatever a leader writes, it writes in transactions that begin with
//! [`Term::holds`]: the row is then held still until they commit, so that a successor begins after them.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use sqlx::{PgConnection, PgPool};
use tokio_util::sync::CancellationToken;

use crate::{
    Error, clock,
    db::{GOODBYE, within},
};

/// Whoever would have a duty.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The duty's name.
    pub duty: &'static str,
    /// For people: host and process id.
    pub name: String,
    /// How long a leader that says nothing keeps it; a dead one is replaced a moment after.
    pub lease: Duration,
}

/// A time in which one process has a duty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// The duty's name.
    pub duty: &'static str,
    /// Rises with every change.
    pub number: i64,
}

impl Term {
    /// Makes sure that it has not ended, and that it does not end before this transaction does.
    ///
    /// # Errors
    /// [`Error::LeaseLost`] where it has ended, or when Postgres refuses.
    pub async fn holds(&self, conn: &mut PgConnection) -> Result<(), Error> {
        let held = sqlx::query(include_str!("sql/leader_holds.sql"))
            .bind(self.duty)
            .bind(self.number)
            .fetch_optional(conn)
            .await?;
        held.map(|_| ()).ok_or(Error::LeaseLost)
    }

    async fn renew(&self, pool: &PgPool, lease: Duration) -> Result<bool, Error> {
        let renewed = sqlx::query(include_str!("sql/leader_renew.sql"))
            .bind(self.duty)
            .bind(self.number)
            .bind(lease.as_secs_f64());
        Ok(renewed.execute(pool).await?.rows_affected() > 0)
    }

    /// Gives the duty back, so that nobody has to wait for the lease to run out.
    ///
    /// # Errors
    /// When Postgres cannot be reached.
    pub async fn step_down(&self, pool: &PgPool) -> Result<(), Error> {
        sqlx::query(include_str!("sql/leader_step_down.sql")).bind(self.duty).bind(self.number).execute(pool).await?;
        Ok(())
    }
}

/// Takes a duty that nobody has; `None`: somebody has it.
///
/// # Errors
/// When Postgres cannot be reached.
pub async fn take(pool: &PgPool, candidate: &Candidate) -> Result<Option<Term>, Error> {
    let number: Option<i64> = sqlx::query_scalar(include_str!("sql/leader_take.sql"))
        .bind(candidate.duty)
        .bind(&candidate.name)
        .bind(candidate.lease.as_secs_f64())
        .fetch_optional(pool)
        .await?;
    Ok(number.map(|number| Term { duty: candidate.duty, number }))
}

/// Works whenever this process has the duty, until `stop`. Work that goes on when the term ends is dropped where it stands;
/// work that ends by itself gives the duty back.
pub async fn lead<W: Future<Output = ()> + Send>(
    pool: PgPool,
    candidate: Candidate,
    stop: CancellationToken,
    work: impl Fn(Term) -> W,
) {
    while !stop.is_cancelled() {
        let taken = tokio::select! {
            taken = within(candidate.lease, take(&pool, &candidate)) => taken,
            // A duty that is taken all the same runs out by itself.
            () = stop.cancelled() => return,
        };
        match taken {
            Ok(Some(term)) => {
                tracing::debug!(leader.duty = term.duty, leader.term = term.number, "this process leads");
                tokio::select! {
                    () = work(term) => {}
                    () = ends(&pool, &term, candidate.lease) => {
                        tracing::warn!(leader.duty = term.duty, leader.term = term.number, "the term has ended before its work");
                    }
                    () = stop.cancelled() => {}
                }
                if let Err(error) = within(GOODBYE, term.step_down(&pool)).await {
                    tracing::debug!(%error, "a duty was not given back; it runs out by itself");
                }
            }
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "could not ask who leads"),
        }
        tokio::select! {
            () = clock::sleep(candidate.lease / 8) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// Looks again and again whenever this process has the duty, until `stop`: each look does what is due. One that fails is told, and
/// the next tries again.
pub async fn look_every<L: Future<Output = Result<(), Error>> + Send>(
    pause: Duration,
    pool: PgPool,
    candidate: Candidate,
    stop: CancellationToken,
    look: impl Fn(PgPool, Term) -> L + Sync,
) {
    let (look, looked) = (&look, pool.clone());
    lead(pool, candidate, stop, |term| {
        let pool = looked.clone();
        async move {
            loop {
                match look(pool.clone(), term).await {
                    Ok(()) => {}
                    Err(Error::LeaseLost) => return,
                    Err(error) => {
                        tracing::warn!(%error, leader.duty = term.duty, "a look has failed; the next tries again");
                    }
                }
                clock::sleep(pause).await;
            }
        }
    })
    .await;
}

/// Renews the lease four times in its length; returns when it is gone, or when this process can no longer know that it is not.
async fn ends(pool: &PgPool, term: &Term, lease: Duration) {
    let mut asked: Instant = clock::monotonic();
    let mut pause = lease / 4;
    while asked.elapsed() < lease.mul_f64(0.9) {
        clock::sleep(pause).await;
        let now = clock::monotonic();
        match within(lease / 4, term.renew(pool, lease)).await {
            Ok(true) => (asked, pause) = (now, lease / 4),
            Ok(false) => return,
            // A transaction of this term's own holds the row still, or Postgres is away: soon again.
            Err(error) => {
                tracing::debug!(%error, "a duty's lease could not be renewed");
                pause = lease / 16;
            }
        }
    }
}
