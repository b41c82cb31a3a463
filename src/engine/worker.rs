//! The worker: takes in, claims, runs and records, until it is asked to stop or loses its lease.

use std::{
    sync::{Arc, Mutex as SyncMutex, PoisonError},
    time::Duration,
};

use sqlx::{PgConnection, PgPool, postgres::PgConnectOptions};
use tokio::{
    sync::{Mutex, mpsc},
    task::JoinSet,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use crate::{
    Apply, Error, around,
    claim::{self, Claiming},
    clock,
    db::{self, ANSWER, GOODBYE, Line, Why, why},
    hands::{Hands, Shop},
    intake,
    lease::Lease,
    pace::{Ahead, Pace},
    record::Recorder,
    registry::Registry,
    resume::Resuming,
    tally::{self, ENGINE},
    upstream::{Link, Upstreams},
    version::Leaving,
    wake::{Notified, PollingAlone, Wake, announce_sleep},
};

/// How a worker works.
#[derive(Clone, Debug)]
pub struct Settings {
    /// For people: host and process id.
    pub name: String,
    /// Workflows held at once.
    pub in_flight: usize,
    /// How long a lease lasts without being renewed. Dead workers are noticed after it; it is renewed four times in it.
    pub lease: Duration,
    /// How often an idle worker looks by itself.
    pub idle_poll: Duration,
    /// Connections to Postgres, at most, beside those that are kept by who uses them all the time.
    pub connections: u32,
    /// Wake up by notification; without it, by polling alone (behind a transaction pooler).
    pub listen: bool,
    /// How to keep out of the way of workers that claim at once.
    pub claiming: Claiming,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: format!("worker:{}", std::process::id()),
            in_flight: 1000,
            lease: Duration::from_secs(8),
            idle_poll: Duration::from_secs(1),
            connections: 5,
            listen: true,
            claiming: Claiming::default(),
        }
    }
}

/// Connections that are kept: one listens, one looks for work, three record. Nobody else may have to wait for one of those.
const KEPT: u32 = 5;
/// Of what is taken in ahead of its time, as many as there are hands, and so many at the least.
const LEAST_AHEAD: usize = 100;
/// Records in one commit, at most.
const GROUP: usize = 1000;

/// A process's worker.
pub struct Worker<C> {
    registry: Arc<Registry<C>>,
    apply: Arc<dyn Apply<C>>,
    upstreams: Arc<Upstreams>,
    settings: Settings,
    pulse: Pulse,
}

/// Tells whether a worker holds its lease, to whoever asks from outside.
#[derive(Clone, Default)]
pub struct Pulse {
    lease: Arc<SyncMutex<Option<Arc<Lease>>>>,
}

impl Pulse {
    /// Whether the worker works.
    pub fn beats(&self) -> bool {
        self.lease.lock().unwrap_or_else(PoisonError::into_inner).as_ref().is_some_and(|lease| lease.alive())
    }

    fn set(&self, lease: &Arc<Lease>) {
        *self.lease.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(lease));
    }
}

impl<C: Clone + Send + Sync + 'static> Worker<C> {
    /// A worker for these operations; `upstreams` is kept current for whoever guards the calls.
    pub fn new(
        registry: Arc<Registry<C>>,
        apply: Arc<dyn Apply<C>>,
        upstreams: Arc<Upstreams>,
        settings: Settings,
    ) -> Self {
        Self { registry, apply, upstreams, settings, pulse: Pulse::default() }
    }

    /// For health checks.
    pub fn pulse(&self) -> Pulse {
        self.pulse.clone()
    }

    /// Works until `stop`. Rides out an absence of Postgres of any length, and begins anew under a new lease when it has
    /// lost the old one.
    pub async fn run(&self, options: PgConnectOptions, stop: CancellationToken) {
        let mut left = None;
        // Beside the next session: what is half open takes its time, and has nothing to do with it.
        let closing = TaskTracker::new();
        while !stop.is_cancelled() {
            match self.session(&options, &stop, &mut left, &closing).await {
                Ok(()) => {}
                Err(error) => tracing::warn!(%error, "the worker begins anew"),
            }
            tokio::select! {
                () = clock::sleep(Duration::from_millis(500)) => {}
                () = stop.cancelled() => {}
            }
        }
        closing.close();
        closing.wait().await;
    }

    /// One lease, from its beginning to its end; `left` is what the last one could not hand over, because Postgres was away: it
    /// is handed over now, rather than when its time has run out (G11).
    async fn session(
        &self,
        options: &PgConnectOptions,
        stop: &CancellationToken,
        left: &mut Option<(Arc<Lease>, Vec<Uuid>)>,
        closing: &TaskTracker,
    ) -> Result<(), Error> {
        let (pool, lease) = tokio::select! {
            begun = self.begin(options, left) => begun?,
            () = stop.cancelled() => return Ok(()),
        };
        self.pulse.set(&lease);
        tracing::info!(worker.id = %lease.worker, worker.name = self.settings.name, "the worker works");
        let ended = CancellationToken::new();
        let (shop, mut helpers) = self.open(&pool, &lease, &ended);
        let mut hands = Hands::new(shop);
        // Whatever waits for Postgres in there, and for ever, waits no longer than the lease lasts.
        let pumped = tokio::select! {
            pumped = self.pump(&pool, &mut hands, stop) => pumped,
            () = lease.ends() => Err(Error::LeaseLost),
        };
        if matches!(pumped, Err(Error::LeaseLost)) {
            lease.lose();
        }
        let unfinished = if lease.alive() { hands.lay_down().await } else { hands.drop_all() };
        // What is not handed over now is handed over under the next lease.
        let given_up = db::within(GOODBYE, lease.give_up(&pool, &unfinished)).await;
        ended.cancel();
        helpers.shutdown().await;
        if given_up.is_err() {
            *left = Some((lease, unfinished));
        }
        closing.spawn(async move { db::close(&pool).await });
        pumped.and(given_up)
    }

    /// Connects, hands over what is left from before, tells the database what this build knows, and begins a lease.
    async fn begin(
        &self,
        options: &PgConnectOptions,
        left: &mut Option<(Arc<Lease>, Vec<Uuid>)>,
    ) -> Result<(PgPool, Arc<Lease>), Error> {
        let pool = db::worker_pool(options, self.settings.connections + KEPT, self.settings.claiming).await?;
        tally::show(self.registry.iter().map(|kind| kind.name()));
        if let Some((lease, unfinished)) = left {
            db::within(ANSWER, lease.give_up(&pool, unfinished)).await?;
            *left = None;
        }
        let lease = db::within(ANSWER, async {
            self.announce(&pool).await?;
            self.upstreams.refresh(&pool).await?;
            Lease::take(&pool, &self.settings.name, &self.registry.knows(), self.settings.lease).await
        });
        let lease = lease.await?;
        Ok((pool, lease))
    }

    /// The tasks beside the pump: the lease's keeper, the recorders, the reaper.
    fn open(&self, pool: &PgPool, lease: &Arc<Lease>, ended: &CancellationToken) -> (Arc<Shop<C>>, JoinSet<()>) {
        let (records, arriving) = mpsc::channel(4 * GROUP);
        let (records_alone, arriving_alone) = mpsc::channel(GROUP);
        let recorder = Recorder::new(pool.clone(), Arc::clone(&self.apply), Arc::clone(lease));
        let (arriving, arriving_alone) = (Arc::new(Mutex::new(arriving)), Arc::new(Mutex::new(arriving_alone)));
        let mut helpers = JoinSet::new();
        helpers.spawn(Arc::clone(lease).keep(pool.clone(), ended.clone()));
        // Two, so that one group forms and is sent while the other waits for the disk.
        helpers.spawn(Arc::clone(&recorder).serve(Arc::clone(&arriving), GROUP));
        helpers.spawn(Arc::clone(&recorder).serve(arriving, GROUP));
        helpers.spawn(recorder.serve(arriving_alone, 1));
        let shop = Arc::new(Shop::new(Arc::clone(lease), Arc::clone(&self.upstreams), records, records_alone));
        let link = Link { pool: pool.clone(), lease: Arc::clone(lease) };
        self.upstreams.work(link.clone(), self.settings.in_flight);
        helpers.spawn({
            let shop = Arc::clone(&shop);
            async move { shop.upstreams.watch(&link, &shop.nudge).await }
        });
        helpers.spawn(around::look(pool.clone(), Arc::clone(&shop), self.settings.claiming));
        (shop, helpers)
    }

    async fn announce(&self, pool: &PgPool) -> Result<(), Error> {
        let kinds: Vec<_> = self.registry.iter().collect();
        let names: Vec<&str> = kinds.iter().map(|k| k.name()).collect();
        sqlx::query(include_str!("sql/kinds_announce.sql"))
            .bind(&names)
            .bind(kinds.iter().map(|k| k.version()).collect::<Vec<_>>())
            .bind(kinds.iter().map(|k| k.about().pt).collect::<Vec<_>>())
            .bind(kinds.iter().map(|k| k.about().en).collect::<Vec<_>>())
            .execute(pool)
            .await?;
        let rows = self.registry.iter().flat_map(|k| {
            let texts = |at| k.step(at).map(|row| (k.name(), at, row.text(), k.version()));
            k.states().into_iter().filter_map(texts).collect::<Vec<_>>()
        });
        let rows: Vec<_> = rows.collect();
        sqlx::query(include_str!("sql/kinds_announce_states.sql"))
            .bind(rows.iter().map(|r| r.0).collect::<Vec<_>>())
            .bind(rows.iter().map(|r| r.1).collect::<Vec<_>>())
            .bind(rows.iter().map(|r| r.2.pt).collect::<Vec<_>>())
            .bind(rows.iter().map(|r| r.2.en).collect::<Vec<_>>())
            .bind(rows.iter().map(|r| r.3).collect::<Vec<_>>())
            .execute(pool)
            .await?;
        Ok(())
    }

    /// Fills the hands of this worker: intake and claim, as often as there is reason to.
    async fn pump(&self, pool: &PgPool, hands: &mut Hands<C>, stop: &CancellationToken) -> Result<(), Error> {
        let mut wake: Box<dyn Wake> = if self.settings.listen {
            Box::new(db::within(ANSWER, Notified::listen(pool)).await?)
        } else {
            Box::new(PollingAlone)
        };
        let mut look = Look {
            line: Line::of(pool),
            pace: Pace::new(self.settings.idle_poll),
            resuming: Resuming::new(),
            leaving: Leaving::default(),
        };
        let patience = hands.shop.lease.patience();
        while hands.shop.lease.alive() && !stop.is_cancelled() {
            if db::within(patience, self.fill(pool, hands, &mut look)).await? {
                continue;
            }
            if let Some(length) = look.pace.announces() {
                db::within(patience, announce_sleep(pool, length)).await?;
                // Whoever inserted before the announcement did not notify: look once more.
                if length > Duration::ZERO && db::within(patience, self.fill(pool, hands, &mut look)).await? {
                    continue;
                }
            }
            let (free, in_flight) = (self.free(hands), self.settings.in_flight);
            let rest = look.pace.rest(hands.shop.until_due(), free, in_flight);
            let gathers = look.pace.gathers(free, in_flight);
            tokio::select! {
                () = wake.woken(), if !gathers => {}
                () = hands.shop.nudge.notified(), if !gathers => {}
                () = clock::sleep(rest) => {}
                () = stop.cancelled() => {}
            }
            look.pace.claims_next();
        }
        if look.pace.asleep.is_some() {
            db::within(GOODBYE, announce_sleep(pool, Duration::ZERO)).await?;
        }
        Ok(())
    }

    fn free(&self, hands: &Hands<C>) -> usize {
        self.settings.in_flight.saturating_sub(hands.count())
    }

    /// One intake and one claim, as far as hands are free; whether there was more than they could hold.
    async fn fill(&self, pool: &PgPool, hands: &mut Hands<C>, look: &mut Look) -> Result<bool, Error> {
        hands.tidy();
        let mut conn = look.line.take().await?;
        let first = look.pace.claims_first();
        let mut more = first && self.claim(&mut conn, hands, look).await?;
        more |= self.take_in(&mut conn, hands, look).await?;
        if !first && look.pace.claims() {
            more |= self.claim(&mut conn, hands, look).await?;
        }
        if self.free(hands) == 0 {
            look.pace.starves();
        }
        look.line.keep(conn);
        let (worker, free) = (hands.shop.lease.worker, self.free(hands));
        let resumed = or_again(look.resuming.look(pool, worker, &self.registry, free).await, &mut more)?;
        more |= !resumed.is_empty();
        hands.take(resumed);
        Ok(more)
    }

    async fn take_in(&self, conn: &mut PgConnection, hands: &mut Hands<C>, look: &mut Look) -> Result<bool, Error> {
        let mut more = false;
        let ahead = match look.pace.looks_ahead() {
            Ahead::No => false,
            Ahead::Yes => true,
            Ahead::IfUrgent(behind) => {
                or_again(intake::hides_what_is_urgent(conn, &self.registry, behind).await, &mut more)?
            }
        };
        let ahead = if ahead { self.settings.in_flight.max(LEAST_AHEAD) } else { 0 };
        let free = self.free(hands);
        let most = (free + ahead).min(intake::BATCH);
        if most > 0 {
            let own = (hands.shop.lease.worker, |id| hands.holds(id));
            let taken = intake::take_in(conn, own, &self.registry, (most, free), &mut look.leaving).await;
            let taken = or_again(taken, &mut more)?;
            look.pace.took(taken.count, taken.held.len(), taken.behind);
            ENGINE.taken_in.increment(taken.count as u64);
            more |= taken.count >= most && free > taken.count;
            hands.take(taken.held);
        }
        Ok(more)
    }

    async fn claim(&self, conn: &mut PgConnection, hands: &mut Hands<C>, look: &mut Look) -> Result<bool, Error> {
        let mut more = false;
        let free = self.free(hands);
        if free > 0 {
            let (how, most) = ((self.settings.claiming, &mut look.pace.marks), free.min(GROUP));
            let claimed = claim::claim(conn, &hands.shop.lease, &self.registry, how, most).await;
            let claimed = or_again(claimed, &mut more)?;
            look.pace.claimed(claimed.len(), most);
            more |= !claimed.is_empty() && claimed.len() < free;
            hands.take(claimed);
        }
        Ok(more)
    }
}

/// How a worker looks for work.
struct Look {
    line: Line,
    pace: Pace,
    resuming: Resuming,
    leaving: Leaving,
}

/// Nothing yet, where somebody held a row for too long or Postgres asks to run it again: `more` then says to. Waiting for that
/// row was the pause between the two.
fn or_again<T: Default>(done: Result<T, Error>, more: &mut bool) -> Result<T, Error> {
    match done {
        Err(Error::Database(e)) if matches!(why(&e), Why::Busy | Why::RunAgain) => {
            tracing::debug!(error = %e, "somebody holds a row; looking for work again");
            *more = true;
            Ok(T::default())
        }
        other => other,
    }
}
