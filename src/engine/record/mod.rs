//! Recording: what steps came to, many workflows in one commit (G2).
//!
//! One transaction locks the worker's own row (no lease, no record: G5), appends the attempts, writes what the steps
//! changed, and moves or gives back the workflows. A group in which one member cannot be written is recorded again member
//! by member, so that only that one fails (G13).

use std::{
    sync::{Arc, Mutex as SyncMutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use tokio::sync::{Mutex, mpsc, oneshot};
use uuid::Uuid;

use self::write::Ended;
use crate::{
    Apply, Error,
    attempt::Call,
    clock,
    db::{Line, Sent, Why, why, within},
    lease::Lease,
    tally::ENGINE,
    upstream::Close,
    workflow::{End, Parked},
};

mod write;

pub(crate) use self::write::release_keys;

/// How an attempt ended, as stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum Outcome {
    /// Moved on.
    Done,
    /// Will be tried again, or waits for a person.
    Failed,
    /// A write whose answer was lost.
    Unknown,
    /// It asked to be called later.
    Again,
    /// The upstream asked for a pause.
    Throttled,
    /// The worker died in the middle of it.
    Lost,
    /// A person has to decide.
    Parked,
}

/// One attempt and what follows from it.
#[derive(Debug)]
pub struct Record<C> {
    /// The workflow.
    pub id: Uuid,
    /// Its place in commit order.
    pub position: i64,
    /// Its ordering keys.
    pub keys: Vec<String>,
    /// The step's number.
    pub n: i32,
    /// The attempt's number in the step.
    pub attempt: i16,
    /// Where it stood.
    pub state: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Where it stands now, if it moved; the data only where it is needed to go on.
    pub next: Option<(String, Option<Value>)>,
    /// `{class, code, message}`.
    pub error: Option<Value>,
    /// It only found that it has to wait for an upstream: no attempt is spent, and none is written down.
    pub unseen: bool,
    /// What was asked of whom.
    pub calls: Vec<Call>,
    /// When each of them was over, for traces; not stored.
    pub calls_ended_at: Vec<DateTime<Utc>>,
    /// The database's time when it began.
    pub began_at: DateTime<Utc>,
    /// And when it ended.
    pub ended_at: DateTime<Utc>,
    /// Since when the workflow is held, where that may have been lost in a crash of Postgres: it is written only if the row still
    /// says so.
    pub afloat: Option<DateTime<Utc>>,
    /// The same, where it is known: one that is given back twice, because the first answer was lost, may be held anew.
    pub since: Option<DateTime<Utc>>,
    /// Written in the same transaction.
    pub changes: Vec<C>,
    /// What becomes of the workflow.
    pub then: Then,
}

impl<C> Record<C> {
    /// It is written in one statement: nothing but the attempt, and that it was the last.
    fn is_short(&self) -> bool {
        let short = match self.then {
            Then::GoOn => true,
            Then::End { .. } => self.keys.is_empty(),
            Then::PutBack(_) => false,
        };
        short && self.changes.is_empty()
    }
}

/// What becomes of a workflow after an attempt.
#[derive(Clone, Debug)]
pub enum Then {
    /// This worker goes on with it.
    GoOn,
    /// It has ended.
    End {
        /// How.
        end: End,
        /// In which state.
        state: String,
        /// The end state's data.
        result: Option<Value>,
    },
    /// It is given back.
    PutBack(PutBack),
}

/// How a workflow is given back.
#[derive(Clone, Debug)]
pub struct PutBack {
    /// Waiting for a person, and why; `None`: for a time or an upstream.
    pub parked: Option<Parked>,
    /// Until when it waits; `None`: until an upstream is opened or a person acts.
    pub after: Option<Duration>,
    /// Failures in a row.
    pub failures: i16,
    /// Where.
    pub failed_state: Option<String>,
    /// Moves so far.
    pub moves: i16,
    /// The upstream that it waits for.
    pub upstream: Option<String>,
    /// Closes an upstream for everybody.
    pub close: Option<Close>,
}

/// What became of a record.
#[derive(Clone, Debug)]
pub enum Recorded {
    /// It is written.
    Written,
    /// Somebody holds a row that it needs: try again in a moment, on its own.
    Busy,
    /// It can never be written, and why.
    Refused(String),
    /// The lease is gone.
    Lost,
}

/// A record on its way to Postgres.
pub struct Submitted<C> {
    pub(crate) record: Arc<Record<C>>,
    pub(crate) reply: oneshot::Sender<Recorded>,
}

/// Where records go.
pub struct Recorder<C> {
    pool: PgPool,
    /// Connections that rest, the last used on top: while one suffices it is always the same, whose server process is awake.
    lines: SyncMutex<Vec<Line>>,
    apply: Arc<dyn Apply<C>>,
    lease: Arc<Lease>,
}

impl<C: Clone + Send + Sync + 'static> Recorder<C> {
    /// A recorder for this lease.
    pub fn new(pool: PgPool, apply: Arc<dyn Apply<C>>, lease: Arc<Lease>) -> Arc<Self> {
        Arc::new(Self { pool, lines: SyncMutex::default(), apply, lease })
    }

    /// Records what arrives, up to `most` in one commit, until nobody can send any more.
    pub async fn serve(self: Arc<Self>, arriving: Arc<Mutex<mpsc::Receiver<Submitted<C>>>>, most: usize) {
        loop {
            let group = gather(&arriving, most).await;
            if group.is_empty() {
                return;
            }
            let last_used = self.lines().pop();
            let mut line = last_used.unwrap_or_else(|| Line::patient(&self.pool, self.lease.patience()));
            self.record(&mut line, group).await;
            self.lines().push(line);
        }
    }

    fn lines(&self) -> MutexGuard<'_, Vec<Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn record(self: &Arc<Self>, line: &mut Line, group: Vec<Submitted<C>>) {
        let records: Arc<[Arc<Record<C>>]> = group.iter().map(|s| Arc::clone(&s.record)).collect();
        let many = records.len() > 1;
        let began = clock::monotonic();
        let mut written = self.write(line, Arc::clone(&records)).await;
        if many && matches!(&written, Err(Error::Database(e)) if why(e) == Why::Busy) {
            // Mostly an intake that locks the keys of many: it is over by now. Member by member costs a commit for each.
            written = self.write(line, records).await;
        }
        ENGINE.group.record(group.len() as f64);
        ENGINE.commit.record(began.elapsed().as_secs_f64());
        match written {
            Ok(()) => group.into_iter().for_each(|s| reply(s, Recorded::Written)),
            Err(Error::LeaseLost) => {
                self.lease.lose();
                group.into_iter().for_each(|s| reply(s, Recorded::Lost));
            }
            Err(error) if many => {
                tracing::info!(%error, members = group.len(), "a group could not be recorded at once; recording one by one");
                for member in group {
                    let alone: Arc<[_]> = Arc::new([Arc::clone(&member.record)]);
                    let recorded =
                        if self.lease.alive() { self.verdict(self.write(line, alone).await) } else { Recorded::Lost };
                    reply(member, recorded);
                }
            }
            Err(error) => {
                let recorded = self.verdict(Err(error));
                group.into_iter().for_each(|s| reply(s, recorded.clone()));
            }
        }
    }

    fn verdict(&self, written: Result<(), Error>) -> Recorded {
        match written {
            Ok(()) => Recorded::Written,
            Err(Error::LeaseLost) => {
                self.lease.lose();
                Recorded::Lost
            }
            // Asked too often to run again: in a moment there may be less of a crowd. The step was not refused.
            Err(Error::Database(e)) if matches!(why(&e), Why::Busy | Why::RunAgain) => Recorded::Busy,
            Err(e) => Recorded::Refused(e.to_string()),
        }
    }

    /// Writes a group; rides out an absence of Postgres for as long as the lease lasts (G11).
    async fn write(self: &Arc<Self>, line: &mut Line, records: Arc<[Arc<Record<C>>]>) -> Result<(), Error> {
        let sent = if records.iter().all(|r| r.is_short()) { Sent::Alone } else { Sent::Together };
        loop {
            let (this, group) = (Arc::clone(self), Arc::clone(&records));
            let done = line.run(sent, move |conn| -> BoxFuture<'_, _> {
                let (this, group) = (Arc::clone(&this), Arc::clone(&group));
                Box::pin(async move { this.write_in(conn, &group).await })
            });
            match done.await {
                Err(Error::Database(e)) if why(&e) == Why::Away => {
                    if !self.lease.alive() {
                        return Err(Error::LeaseLost);
                    }
                    tracing::warn!(error = %e, "Postgres is away; the record waits");
                    clock::sleep(Duration::from_millis(200)).await;
                }
                // The connection may have been lost after the commit: then this is our own record.
                Err(Error::Database(e)) if matches!(why(&e), Why::Duplicate | Why::NotHeld) && records.len() == 1 => {
                    return match (self.stands(&records).await?, why(&e)) {
                        (true, _) => Ok(()),
                        (false, Why::NotHeld) => Err(Error::LeaseLost),
                        (false, _) => Err(Error::Database(e)),
                    };
                }
                other => return other,
            }
        }
    }

    /// Whether the first of these records is written already, by this worker.
    async fn stands(&self, records: &[Arc<Record<C>>]) -> Result<bool, Error> {
        let Some(record) = records.first() else { return Ok(false) };
        let stands = sqlx::query_scalar(include_str!("../sql/record_stands.sql"))
            .bind(record.id)
            .bind(record.n)
            .bind(record.attempt)
            .bind(self.lease.worker)
            .bind(record.began_at)
            .fetch_one(&self.pool);
        Ok(within(self.lease.patience(), stands).await?)
    }

    async fn write_in(&self, conn: &mut PgConnection, group: &[Arc<Record<C>>]) -> Result<(), Error> {
        let worker = self.lease.worker;
        let ends: Vec<Ended<'_, C>> = group.iter().filter_map(|r| Ended::of(r)).collect();
        let changes: Vec<(Uuid, C)> = group.iter().flat_map(|r| r.changes.iter().map(|c| (r.id, c.clone()))).collect();
        // What ended is written with the attempts, unless changes come in between.
        let with_ends = !ends.is_empty() && changes.is_empty();
        if !with_ends {
            write::append_steps(conn, worker, group).await?;
        }
        if !changes.is_empty() {
            self.apply.apply(conn, changes).await?;
        }
        write::put_back(conn, worker, group).await?;
        if ends.is_empty() {
            return Ok(());
        }
        write::end(conn, worker, if with_ends { group } else { &[] }, &ends).await
    }
}

/// What has arrived, up to `most`; nothing: nobody can send any more. Whoever is about to send as well does so first: workflows
/// that came together go on together.
async fn gather<T>(arriving: &Mutex<mpsc::Receiver<T>>, most: usize) -> Vec<T> {
    let mut arriving = arriving.lock().await;
    let mut group = Vec::new();
    if arriving.recv_many(&mut group, most).await > 0 {
        tokio::task::yield_now().await;
        while group.len() < most
            && let Ok(another) = arriving.try_recv()
        {
            group.push(another);
        }
    }
    group
}

fn reply<C>(submitted: Submitted<C>, recorded: Recorded) {
    // Nobody listens any more when the worker stops; the record stands all the same.
    let _stopped = submitted.reply.send(recorded);
}
