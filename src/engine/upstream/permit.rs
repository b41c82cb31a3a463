//! A call under way, and what its end means for the upstream.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use uuid::Uuid;

use super::{Close, Length, Link, Upstreams, close, gate::Gate, tally};
use crate::{Error, attempt, clock, db::within};

/// How a call ended, as far as its upstream is concerned.
#[derive(Clone, Debug, PartialEq)]
pub enum Ended {
    /// It answered, whatever it said: it is there.
    Answered,
    /// It asked for a pause, and perhaps said how long.
    Throttled {
        /// Counted from now.
        retry_after: Option<Duration>,
        /// In its words.
        words: String,
    },
    /// It failed: no answer, or one that says that it is broken.
    Failed {
        /// Whether there was an answer at all.
        answered: bool,
        /// In words.
        words: String,
    },
}

/// A hand that waits for an upstream, or for its answer.
pub(super) struct Tie(Arc<Upstreams>);

impl Tie {
    pub(super) fn new(all: &Arc<Upstreams>) -> Self {
        all.tie();
        Self(Arc::clone(all))
    }
}

impl Drop for Tie {
    fn drop(&mut self) {
        self.0.untie();
    }
}

/// Leave to make one call: kept while it is made, then told how it ended.
#[must_use]
pub struct Permit {
    gate: Arc<Gate>,
    all: Arc<Upstreams>,
    began: Instant,
    /// This call tries whether the upstream is back.
    probe: bool,
    _tie: Option<Tie>,
}

impl std::fmt::Debug for Permit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Permit").field("upstream", &self.gate.id).field("probe", &self.probe).finish_non_exhaustive()
    }
}

impl Permit {
    pub(super) fn new(gate: Arc<Gate>, all: Arc<Upstreams>, probe: bool) -> Self {
        Self { gate, all, began: clock::monotonic(), probe, _tie: None }
    }

    pub(super) fn tied(mut self, tie: Tie) -> Self {
        self.began = clock::monotonic();
        self._tie = Some(tie);
        self
    }

    /// The call ended. Closes the upstream for every worker where that is what it means, and opens it where it was a probe.
    pub fn ended(mut self, how: Ended) {
        let after = tally::name(&how);
        let probe = std::mem::take(&mut self.probe);
        let (length, reason) = match how {
            Ended::Answered => {
                self.gate.answered();
                if probe {
                    self.then(Then::Opened);
                }
                return;
            }
            Ended::Throttled { retry_after, words } => (Length::asked(retry_after), words),
            Ended::Failed { answered, words } => {
                if !probe && !self.gate.failed(self.began, attempt::workflow(), answered) {
                    return;
                }
                (Length::UntilProbed, words)
            }
        };
        let close = Close { upstream: self.gate.id.clone(), length, reason };
        tracing::warn!(upstream = close.upstream, after, reason = close.reason, "an upstream closes");
        if self.gate.note_closed(&close, "enlace") {
            self.gate.tally.closed(after);
        }
        self.then(Then::Closed(close));
    }

    /// Tells Postgres, beside the step that made the call.
    fn then(&self, then: Then) {
        let (Some(link), Ok(runtime)) = (self.all.link(), tokio::runtime::Handle::try_current()) else { return };
        let (all, upstream) = (Arc::clone(&self.all), self.gate.id.clone());
        runtime.spawn(async move { then.tell(&link, &all, &upstream).await });
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.probe {
            self.then(Then::NotProbed);
        }
        self.gate.left(&self.all);
    }
}

/// What every worker is to know.
#[derive(Clone)]
enum Then {
    Opened,
    Closed(Close),
    NotProbed,
}

impl Then {
    /// Again and again while Postgres is away, for as long as the lease lasts.
    async fn tell(self, link: &Link, all: &Upstreams, upstream: &str) {
        while let Err(error) = within(link.lease.patience(), self.write(link, upstream)).await {
            tracing::debug!(%error, upstream, "could not write down how an upstream stands");
            if !link.lease.alive() {
                return;
            }
            clock::sleep(Duration::from_secs(1)).await;
        }
        link.refresh(all).await;
    }

    async fn write(&self, link: &Link, upstream: &str) -> Result<(), Error> {
        let worker: Uuid = link.lease.worker;
        match self {
            Self::Closed(how) => close(&mut *link.pool.acquire().await?, std::slice::from_ref(how), "enlace").await,
            Self::Opened => {
                let done = sqlx::query(include_str!("sql/recovered.sql")).bind(upstream).bind(worker);
                if done.execute(&link.pool).await?.rows_affected() > 0 {
                    tracing::info!(upstream, "an upstream is back");
                }
                Ok(())
            }
            Self::NotProbed => {
                sqlx::query(include_str!("sql/unprobed.sql")).bind(upstream).bind(worker).execute(&link.pool).await?;
                Ok(())
            }
        }
    }
}
