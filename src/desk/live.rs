//! What moves, as it moves: one look at the database a second for all who listen, and none while nobody does.
//!
//! A look asks by indexes what has changed since the last one, compares, and tells the difference; what it costs depends neither
//! on how many listen nor on how much has ever ended. It is a help for whoever watches, not a record: more than [`MOST`]
//! changes in one look are told as [`Event::More`], and whoever hears that reads anew what it shows. Events hold ids, names of
//! states and counts, and nothing that could name a person (rule P1).

mod look;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use engine::{
    clock,
    db::{ANSWER, within},
};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::sync::{
    Notify,
    broadcast::{self, error::RecvError},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::upstreams::Upstream;
use look::Seen;

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(1);
/// A look that took long is followed by a pause of so many times its length: watching takes a twentieth of a core at the most.
const REST: u32 = 20;
/// No pause is longer: on a busy machine it is not the look that takes long, and somebody waits for what it tells.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Changes of workflows that one look tells.
pub const MOST: usize = 200;
/// Events that a listener may be behind before it is told that it has missed some.
const BEHIND: usize = 1024;

/// Something that has changed.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A workflow stands elsewhere, or otherwise, than it did.
    Workflow(Moved),
    /// A sync has got on.
    Sync(Syncing),
    /// A platform was opened, closed or limited, or more or less waits for it.
    Upstream(Box<Upstream>),
    /// An act on many has got on.
    Acts(Acting),
    /// One of the overview's numbers is another.
    Board,
    /// More has changed than was told: read anew whatever is shown.
    More,
}

/// A workflow, as it stands now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Moved {
    /// Its id.
    pub id: Uuid,
    /// The operation.
    pub kind: String,
    /// As contract.md names it.
    pub status: String,
    /// Where it stands in its operation.
    pub state: Option<String>,
}

/// A sync, and how far it is.
#[derive(Clone, Debug, PartialEq, Serialize, sqlx::FromRow)]
pub struct Syncing {
    /// The workflow.
    pub id: Uuid,
    /// The integration that it is about.
    pub id_integracao: i64,
    /// What it has counted so far, and its phase.
    pub progress: Value,
}

/// An act on many, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Acting {
    /// Its id.
    pub id: Uuid,
    /// What is done to each.
    pub action: String,
    /// `running`, `paused`, `done` or `cancelled`.
    pub status: String,
    /// How many matched when it was asked for.
    pub total: i64,
    /// Done.
    pub done: i64,
    /// Left alone.
    pub skipped: i64,
    /// Could not be done.
    pub failed: i64,
}

impl Event {
    /// The event's name, as a stream of server-sent events has it.
    pub fn name(&self) -> &'static str {
        match self {
            Event::Workflow(_) => "workflow",
            Event::Sync(_) => "sync",
            Event::Upstream(_) => "upstream",
            Event::Acts(_) => "acts",
            Event::Board => "board",
            Event::More => "more",
        }
    }

    /// What it tells.
    pub fn data(&self) -> Value {
        let told = match self {
            Event::Workflow(moved) => serde_json::to_value(moved),
            Event::Sync(syncing) => serde_json::to_value(syncing),
            Event::Upstream(upstream) => serde_json::to_value(upstream),
            Event::Acts(acting) => serde_json::to_value(acting),
            Event::Board => Ok(json!({})),
            Event::More => Ok(json!({ "more": true })),
        };
        told.unwrap_or_default()
    }
}

/// Where listeners are told; one a process, cheap to clone.
#[derive(Clone)]
pub struct Hub {
    sent: broadcast::Sender<Arc<Event>>,
    wanted: Arc<Notify>,
    /// How many of those who listen want to hear of single workflows.
    singles: Arc<AtomicUsize>,
    stop: CancellationToken,
}

/// Somebody who listens.
pub struct Listener {
    told: broadcast::Receiver<Arc<Event>>,
    singles: Option<Arc<AtomicUsize>>,
}

impl Listener {
    /// What has changed next; [`Event::More`] where some of it was missed, and nothing once nothing more can come.
    pub async fn next(&mut self) -> Option<Arc<Event>> {
        match self.told.recv().await {
            Ok(event) => Some(event),
            Err(RecvError::Lagged(_)) => Some(Arc::new(Event::More)),
            Err(RecvError::Closed) => None,
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(singles) = &self.singles {
            singles.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Hub {
    /// A hub that looks, while somebody listens, until `stop`.
    pub fn start(pool: PgPool, stop: CancellationToken) -> Self {
        let (sent, singles) = (broadcast::Sender::new(BEHIND), Arc::default());
        let hub = Self { sent, wanted: Arc::default(), singles, stop };
        let looking = hub.clone();
        tokio::spawn(async move {
            let stop = looking.stop.clone();
            tokio::select! { () = looking.keep(&pool) => {}, () = stop.cancelled() => {} }
        });
        hub
    }

    /// Whatever changes from now on. Whoever subscribes first and then reads what it shows misses nothing. `singles`: single
    /// workflows, too; while nobody wants those they are not looked for, which is most of what a look costs.
    pub fn subscribe(&self, singles: bool) -> Listener {
        if singles {
            self.singles.fetch_add(1, Ordering::Relaxed);
        }
        let listener = Listener { told: self.sent.subscribe(), singles: singles.then(|| Arc::clone(&self.singles)) };
        self.wanted.notify_one();
        listener
    }

    /// Cancelled when the process stops: streams end then.
    pub fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// How many listen.
    pub fn listeners(&self) -> usize {
        self.sent.receiver_count()
    }

    async fn keep(&self, pool: &PgPool) {
        loop {
            self.wanted.notified().await;
            let mut seen = None;
            while self.listeners() > 0 {
                let began = clock::monotonic();
                self.look(pool, &mut seen).await;
                clock::sleep((began.elapsed() * REST).clamp(PAUSE, LONGEST_PAUSE)).await;
            }
        }
    }

    /// One look. The first, and the first after one that failed, knows only that something may have changed.
    async fn look(&self, pool: &PgPool, seen: &mut Option<Seen>) {
        let singles = self.singles.load(Ordering::Relaxed) > 0;
        match within(ANSWER, Seen::look(pool, seen.take(), singles)).await {
            Ok((now, events)) => {
                *seen = Some(now);
                // Where nobody listens any more, the next look is not made.
                events.into_iter().for_each(|event| drop(self.sent.send(Arc::new(event))));
            }
            Err(error) => tracing::debug!(%error, "what changes could not be looked at"),
        }
    }
}
