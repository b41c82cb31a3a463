//! Upstreams: each platform as the engine sees it (G7). How many calls all workers together may begin, and whether any may.
//!
//! Whoever makes calls asks [`Upstreams::admit`] before each one and tells the [`Permit`] how it ended. An upstream that is open
//! and not limited costs no statement: its gate in this process says yes (`gate`). For any other one, those who call wait at
//! the gate in three lanes while one task asks Postgres for their turns (`turns`). Who cannot wait here, because too many do or
//! because the upstream is closed, is [`Refused`]: its workflow goes back to Postgres, without an attempt, and is pulled out
//! again in order when there is room (`watch`). What calls come to closes an upstream for every worker (`outage`, `permit`).

mod gate;
mod outage;
mod permit;
mod tally;
mod turns;
mod watch;

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use sqlx::{PgConnection, PgPool};

use crate::{
    Error, attempt,
    db::within,
    lease::Lease,
    workflow::{Class, Failure, Lane},
};
use gate::Gate;
pub use permit::{Ended, Permit};

/// The code of a failure that says: the upstream takes no call now, none was made. `retry_after` then is when it may; without
/// one it is closed until a person opens it.
pub const UPSTREAM_CLOSED: &str = "upstream.closed";

/// Why an upstream takes no call.
#[derive(Clone, Debug, PartialEq)]
pub struct Closed {
    /// How long it stays closed; `None`: until a person opens it.
    pub remaining: Option<Duration>,
    /// Why.
    pub reason: String,
    /// Who closed it.
    pub closed_by: String,
}

/// How long an upstream is to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// So long: it said so itself, or a person did.
    For(Duration),
    /// Until a person opens it.
    UntilOpened,
    /// Until a call shows that it is back: one is made after a pause, which doubles each time.
    UntilProbed,
}

impl Length {
    /// What it asked for. Without a time, or with one that is over already, a call has to show that it is back.
    pub(crate) fn asked(retry_after: Option<Duration>) -> Self {
        retry_after.filter(|length| !length.is_zero()).map_or(Self::UntilProbed, Self::For)
    }
}

/// An upstream that is to be closed.
#[derive(Clone, Debug, PartialEq)]
pub struct Close {
    /// `integration:3`.
    pub upstream: String,
    /// For how long.
    pub length: Length,
    /// Why.
    pub reason: String,
}

/// Why a call may not begin.
#[derive(Clone, Debug, PartialEq)]
pub enum Refused {
    /// The upstream is closed.
    Closed(Closed),
    /// Too many wait for it in this worker already.
    Busy,
    /// This worker has lost its lease (G5).
    LeaseLost,
}

impl Refused {
    /// What a step fails with that was refused.
    pub fn failure(self, upstream: &str) -> Failure {
        let (class, code, message, retry_after) = match self {
            Self::Closed(closed) => (Class::Throttled, UPSTREAM_CLOSED, closed.reason, closed.remaining),
            Self::Busy => (Class::Throttled, UPSTREAM_CLOSED, TURN.to_owned(), Some(Duration::from_secs(1))),
            Self::LeaseLost => (Class::Transient, "engine.lease_lost", LEASE_LOST.to_owned(), None),
        };
        Failure { retry_after, upstream: Some(upstream.to_owned()), ..Failure::new(class, code, message) }
    }
}

const TURN: &str = "aguarda sua vez na plataforma / waits its turn at the platform";
const LEASE_LOST: &str = "o worker perdeu sua vez / the worker lost its lease";

/// Where this process asks for turns.
#[derive(Clone)]
pub(crate) struct Link {
    pub(crate) pool: PgPool,
    pub(crate) lease: Arc<Lease>,
}

impl Link {
    /// Reads the upstreams anew; where that fails the next time does it.
    async fn refresh(&self, all: &Upstreams) {
        if let Err(error) = within(self.lease.patience(), all.refresh(&self.pool)).await {
            tracing::debug!(%error, "could not read the upstreams");
        }
    }
}

/// The gates of this process to all upstreams.
pub struct Upstreams {
    gates: RwLock<HashMap<String, Arc<Gate>>>,
    /// `None` where no worker works: what was read before counts, and nothing else is asked.
    link: RwLock<Option<Link>>,
    /// Workflows that this worker may hold.
    hands: AtomicUsize,
    /// Those of them that wait for an upstream, or for its answer.
    tied: AtomicUsize,
}

impl Default for Upstreams {
    fn default() -> Self {
        Self {
            gates: RwLock::default(),
            link: RwLock::default(),
            hands: AtomicUsize::new(usize::MAX),
            tied: AtomicUsize::new(0),
        }
    }
}

impl Upstreams {
    /// Waits until a call to `upstream` may begin, unless it cannot begin soon. The call ends with the permit.
    ///
    /// # Errors
    /// Why it may not: nothing was called.
    pub async fn admit(self: &Arc<Self>, upstream: &str) -> Result<Permit, Refused> {
        if !attempt::may_call() {
            return Err(Refused::LeaseLost);
        }
        let (lane, patient) = attempt::standing().unwrap_or((Lane::Change, false));
        let permit = self.gate(upstream).enter(self, lane, patient).await?;
        // The wait may have outlasted the lease.
        if attempt::may_call() { Ok(permit) } else { Err(Refused::LeaseLost) }
    }

    /// A worker with so many hands works in this process.
    pub(crate) fn work(&self, link: Link, hands: usize) {
        self.hands.store(hands, Ordering::Relaxed);
        self.gates().values().for_each(|gate| gate.begin_anew());
        *self.link.write().unwrap_or_else(PoisonError::into_inner) = Some(link);
    }

    fn link(&self) -> Option<Link> {
        self.link.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn gates(&self) -> HashMap<String, Arc<Gate>> {
        self.gates.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn gate(&self, upstream: &str) -> Arc<Gate> {
        if let Some(gate) = self.gates.read().unwrap_or_else(PoisonError::into_inner).get(upstream) {
            return Arc::clone(gate);
        }
        let mut gates = self.gates.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(gates.entry(upstream.to_owned()).or_insert_with(|| Arc::new(Gate::new(upstream))))
    }

    /// Whether one more of this upstream's workflows may tie a hand, where `mine` do: no upstream ties more than are left to all
    /// others, so that one which hangs takes half of the hands, and two a third each (G13).
    fn has_room(&self, mine: usize) -> bool {
        mine < self.untied().max(1)
    }

    fn untied(&self) -> usize {
        self.hands.load(Ordering::Relaxed).saturating_sub(self.tied.load(Ordering::Relaxed))
    }

    fn tie(&self) {
        self.tied.fetch_add(1, Ordering::Relaxed);
    }

    fn untie(&self) {
        self.tied.fetch_sub(1, Ordering::Relaxed);
    }

    /// Notes what this process has just closed, so that it need not wait to read it.
    pub(crate) fn note(&self, close: &Close) {
        let gate = self.gate(&close.upstream);
        // Whatever else closes it was counted by the call itself.
        if gate.note_closed(close, "enlace") && close.length == Length::UntilOpened {
            gate.tally.closed("unauthorised");
        }
    }
}

/// Closes upstreams for everybody; one that is closed for longer already stays so.
///
/// # Errors
/// When Postgres refuses.
pub async fn close(conn: &mut PgConnection, closes: &[Close], by: &str) -> Result<(), Error> {
    let ids: Vec<&str> = closes.iter().map(|c| c.upstream.as_str()).collect();
    let seconds = closes.iter().map(|c| if let Length::For(l) = c.length { Some(l.as_secs_f64()) } else { None });
    let probes: Vec<bool> = closes.iter().map(|c| c.length == Length::UntilProbed).collect();
    let reasons: Vec<&str> = closes.iter().map(|c| c.reason.as_str()).collect();
    sqlx::query(include_str!("sql/close.sql"))
        .bind(ids)
        .bind(seconds.collect::<Vec<_>>())
        .bind(probes)
        .bind(reasons)
        .bind(by)
        .execute(conn)
        .await?;
    Ok(())
}

/// Opens an upstream and lets what waited for it go on; whether it was closed.
///
/// # Errors
/// When Postgres refuses.
pub async fn open(conn: &mut PgConnection, upstream: &str) -> Result<bool, Error> {
    let opened = sqlx::query(include_str!("sql/open.sql")).bind(upstream).execute(&mut *conn).await?;
    sqlx::query(include_str!("sql/wake.sql")).bind(upstream).execute(conn).await?;
    Ok(opened.rows_affected() > 0)
}

/// How much of an upstream all workers together may use; `None`: as much as they want.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Calls a second.
    pub rate: Option<f64>,
    /// Calls at once.
    pub concurrency: Option<i32>,
}

/// Limits an upstream: obeyed by every worker within a second.
///
/// # Errors
/// When Postgres refuses.
pub async fn limit(conn: &mut PgConnection, upstream: &str, limits: Limits) -> Result<(), Error> {
    sqlx::query(include_str!("sql/limit.sql"))
        .bind(upstream)
        .bind(limits.rate)
        .bind(limits.concurrency)
        .execute(conn)
        .await?;
    Ok(())
}

/// Makes sure that upstreams have a row, so that what waits for them is found.
pub(crate) async fn make_known(conn: &mut PgConnection, upstreams: &[&str]) -> Result<(), Error> {
    sqlx::query(include_str!("sql/known.sql")).bind(upstreams).execute(conn).await?;
    Ok(())
}
