//! The worker: takes in, claims, runs and records, until it is asked to stop or loses its lease.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex as SyncMutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::Value;
use sqlx::{PgPool, postgres::PgConnectOptions};
use tokio::{
    sync::{Mutex, Notify, mpsc},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    Apply, Error, claim, clock, db, intake, lease,
    lease::Lease,
    record::{Recorder, Submitted},
    registry::Registry,
    runner,
    upstream::Upstreams,
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
    /// Connections to Postgres.
    pub connections: u32,
    /// Wake up by notification; without it, by polling alone (behind a transaction pooler).
    pub listen: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: format!("worker:{}", std::process::id()),
            in_flight: 1000,
            lease: Duration::from_secs(8),
            idle_poll: Duration::from_secs(1),
            connections: 6,
            listen: true,
        }
    }
}

/// How long a stopping worker lets steps finish that are under way.
const GRACE: Duration = Duration::from_secs(5);
/// Rows a second above which a worker stays awake and polls instead of being notified.
const BUSY_RATE: f64 = 500.0;
const BUSY_POLL: Duration = Duration::from_millis(3);
/// Records in one commit, at most.
const GROUP: usize = 1000;

/// A worker's things, shared by the workflows that it runs.
pub(crate) struct Shop<C> {
    pub(crate) lease: Arc<Lease>,
    pub(crate) records: mpsc::Sender<Submitted<C>>,
    pub(crate) records_alone: mpsc::Sender<Submitted<C>>,
    pub(crate) upstreams: Arc<Upstreams>,
    draining: AtomicBool,
    asked: SyncMutex<HashMap<Uuid, Value>>,
    /// When something that this worker gave back falls due.
    next_due: SyncMutex<Option<Instant>>,
    /// There may be work: keys were released, or hands are free again.
    nudge: Notify,
}

impl<C> Shop<C> {
    pub(crate) fn draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    pub(crate) fn asked(&self, id: Uuid) -> Option<Value> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.is_empty() { None } else { asked.remove(&id) }
    }

    pub(crate) fn due_in(&self, after: Duration) {
        let at = clock::monotonic() + after;
        let mut next = self.next_due.lock().unwrap_or_else(PoisonError::into_inner);
        if next.is_none_or(|n| at < n) {
            *next = Some(at);
            self.nudge.notify_one();
        }
    }

    /// How long until something falls due, forgetting what has.
    fn until_due(&self) -> Option<Duration> {
        let mut next = self.next_due.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock::monotonic();
        match *next {
            Some(at) if at <= now => {
                *next = None;
                Some(Duration::ZERO)
            }
            Some(at) => Some(at - now),
            None => None,
        }
    }
}

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
        while !stop.is_cancelled() {
            match self.session(&options, &stop).await {
                Ok(()) => {}
                Err(error) => tracing::warn!(%error, "the worker begins anew"),
            }
            tokio::select! {
                () = clock::sleep(Duration::from_millis(500)) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    async fn session(&self, options: &PgConnectOptions, stop: &CancellationToken) -> Result<(), Error> {
        let pool = db::worker_pool(options, self.settings.connections).await?;
        self.announce(&pool).await?;
        self.upstreams.refresh(&pool).await?;
        let lease = Lease::take(&pool, &self.settings.name, self.settings.lease).await?;
        self.pulse.set(&lease);
        tracing::info!(worker.id = %lease.worker, worker.name = self.settings.name, "the worker works");
        let ended = CancellationToken::new();
        let (shop, mut helpers) = self.open(&pool, &lease, &ended);
        let mut hands = Hands { shop: Arc::clone(&shop), running: JoinSet::new(), ids: HashMap::new() };
        let pumped = self.pump(&pool, &mut hands, stop).await;
        let unfinished = if lease.alive() { hands.lay_down().await } else { hands.drop_all() };
        let given_up = lease.give_up(&pool, &unfinished).await;
        ended.cancel();
        helpers.shutdown().await;
        pool.close().await;
        pumped.and(given_up)
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
        let shop = Arc::new(Shop {
            lease: Arc::clone(lease),
            records,
            records_alone,
            upstreams: Arc::clone(&self.upstreams),
            draining: AtomicBool::new(false),
            asked: SyncMutex::default(),
            next_due: SyncMutex::default(),
            nudge: Notify::new(),
        });
        helpers.spawn(look_around(pool.clone(), Arc::clone(&shop)));
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
            k.states().into_iter().filter_map(|at| k.step(at).map(|row| (k.name(), at, row.text()))).collect::<Vec<_>>()
        });
        let rows: Vec<_> = rows.collect();
        sqlx::query(include_str!("sql/kinds_announce_states.sql"))
            .bind(rows.iter().map(|r| r.0).collect::<Vec<_>>())
            .bind(rows.iter().map(|r| r.1).collect::<Vec<_>>())
            .bind(rows.iter().map(|r| r.2.pt).collect::<Vec<_>>())
            .bind(rows.iter().map(|r| r.2.en).collect::<Vec<_>>())
            .execute(pool)
            .await?;
        let resumed =
            sqlx::query(include_str!("sql/kinds_resume.sql")).bind(&names).execute(pool).await?.rows_affected();
        if resumed > 0 {
            tracing::info!(resumed, "workflows that no build could decode go on");
        }
        Ok(())
    }

    /// Fills the hands of this worker: intake and claim, as often as there is reason to.
    async fn pump(&self, pool: &PgPool, hands: &mut Hands<C>, stop: &CancellationToken) -> Result<(), Error> {
        let mut wake: Box<dyn Wake> =
            if self.settings.listen { Box::new(Notified::listen(pool).await?) } else { Box::new(PollingAlone) };
        let mut pace = Pace::new(self.settings.idle_poll);
        while hands.shop.lease.alive() && !stop.is_cancelled() {
            if self.fill(pool, hands, &mut pace).await? {
                continue;
            }
            if pace.announces_sleep() {
                announce_sleep(pool, pace.announced).await?;
                // Whoever inserted before the announcement did not notify: look once more.
                if self.fill(pool, hands, &mut pace).await? {
                    continue;
                }
            }
            let rest = pace.rest(hands.shop.until_due(), hands.count() >= self.settings.in_flight);
            tokio::select! {
                () = wake.woken() => {}
                () = hands.shop.nudge.notified() => {}
                () = clock::sleep(rest) => {}
                () = stop.cancelled() => {}
            }
            pace.claims_next();
        }
        if pace.asleep.is_some() {
            announce_sleep(pool, Duration::ZERO).await?;
        }
        Ok(())
    }

    /// One intake and one claim, as far as hands are free; whether there was more than they could hold.
    async fn fill(&self, pool: &PgPool, hands: &mut Hands<C>, pace: &mut Pace) -> Result<bool, Error> {
        hands.tidy();
        let worker = hands.shop.lease.worker;
        let mut more = false;
        let free = self.settings.in_flight - hands.count().min(self.settings.in_flight);
        if pace.takes_in(free) {
            let taken = intake::take_in(pool, worker, &self.registry, free).await?;
            pace.took(taken.count);
            more = taken.count >= intake::BATCH && free > taken.count;
            hands.take(taken.held);
        }
        let free = self.settings.in_flight - hands.count().min(self.settings.in_flight);
        if free > 0 && pace.claims() {
            let claimed = claim::claim(pool, worker, &self.registry, free.min(GROUP)).await?;
            pace.claimed(claimed.len());
            more |= !claimed.is_empty() && claimed.len() < free;
            hands.take(claimed);
        }
        Ok(more)
    }
}

/// The workflows in a worker's hands.
struct Hands<C> {
    shop: Arc<Shop<C>>,
    running: JoinSet<Uuid>,
    ids: HashMap<Uuid, ()>,
}

impl<C: Clone + Send + Sync + 'static> Hands<C> {
    fn count(&self) -> usize {
        self.ids.len()
    }

    fn take(&mut self, held: Vec<claim::Held<C>>) {
        for h in held {
            let (id, shop) = (h.run.id, Arc::clone(&self.shop));
            self.ids.insert(id, ());
            self.running.spawn(async move {
                let keyed = !h.keys.is_empty();
                runner::run(Arc::clone(&shop), h).await;
                if keyed {
                    shop.nudge.notify_one(); // followers may be ready
                }
                id
            });
        }
    }

    fn put_away(&mut self, done: Result<Uuid, tokio::task::JoinError>) {
        match done {
            Ok(id) => drop(self.ids.remove(&id)),
            Err(error) if error.is_cancelled() => {}
            Err(error) => tracing::error!(%error, "a workflow's task ended badly"),
        }
    }

    fn tidy(&mut self) {
        while let Some(done) = self.running.try_join_next() {
            self.put_away(done);
        }
    }

    /// Lets what is under way finish, for a while; what did not is returned, interrupted.
    async fn lay_down(mut self) -> Vec<Uuid> {
        self.shop.draining.store(true, Ordering::Relaxed);
        let deadline = clock::monotonic() + GRACE;
        while !self.running.is_empty() && clock::monotonic() < deadline {
            tokio::select! {
                Some(done) = self.running.join_next() => self.put_away(done),
                () = clock::sleep(deadline - clock::monotonic()) => {}
            }
        }
        self.drop_all()
    }

    fn drop_all(mut self) -> Vec<Uuid> {
        self.running.abort_all();
        self.ids.into_keys().collect()
    }
}

/// Looks around beside the work: takes over from the dead, reads which upstreams are closed and what people asked.
async fn look_around<C: Send>(pool: PgPool, shop: Arc<Shop<C>>) {
    while shop.lease.alive() {
        match lease::reap(&pool).await {
            Ok(0) => {}
            Ok(freed) => {
                tracing::warn!(freed, "a dead worker's workflows were taken over");
                shop.nudge.notify_one();
            }
            Err(error) => tracing::debug!(%error, "could not look for dead workers"),
        }
        if let Err(error) = shop.upstreams.refresh(&pool).await {
            tracing::debug!(%error, "could not read the upstreams");
        }
        match sqlx::query_as(include_str!("sql/asked.sql")).bind(shop.lease.worker).fetch_all(&pool).await {
            Ok(rows) => shop.asked.lock().unwrap_or_else(PoisonError::into_inner).extend::<Vec<(Uuid, Value)>>(rows),
            Err(error) => tracing::debug!(%error, "could not read what people asked"),
        }
        clock::sleep(Duration::from_secs(1)).await;
    }
}

/// How eagerly a worker looks for work: awake and polling under load, asleep and notified otherwise.
struct Pace {
    idle: Duration,
    /// How long an announced sleep counts: longer than the time until it is announced again.
    announced: Duration,
    /// Since when it is announced that this worker sleeps.
    asleep: Option<Instant>,
    /// Rows taken in during the last second, about.
    rate: f64,
    rated: Instant,
    last_intake: Instant,
    claim_next: bool,
}

impl Pace {
    fn new(idle: Duration) -> Self {
        let now = clock::monotonic();
        Self {
            idle,
            announced: idle * 2 + Duration::from_millis(500),
            asleep: None,
            rate: 0.0,
            rated: now,
            last_intake: now,
            claim_next: true,
        }
    }

    fn busy(&self) -> bool {
        self.rate > BUSY_RATE
    }

    /// With full hands the outbox is read now and then only: enough to see urgent work.
    fn takes_in(&self, free: usize) -> bool {
        free > 0 || self.last_intake.elapsed() > Duration::from_millis(250)
    }

    fn took(&mut self, rows: usize) {
        let decay = 0.5_f64.powf(self.rated.elapsed().as_secs_f64() * 4.0);
        self.rate = self.rate * decay + f64::from(u32::try_from(rows).unwrap_or(u32::MAX)) * 2.0;
        self.rated = clock::monotonic();
        self.last_intake = self.rated;
        // What was taken in but not held at once is there to be claimed.
        self.claim_next |= rows >= intake::BATCH;
    }

    fn claims(&self) -> bool {
        self.claim_next
    }

    fn claimed(&mut self, count: usize) {
        self.claim_next = count > 0;
    }

    fn claims_next(&mut self) {
        self.claim_next = true;
    }

    /// Whether it falls asleep now, or the announcement of its sleep is about to run out.
    fn announces_sleep(&mut self) -> bool {
        let slept = self.asleep.is_some_and(|since| since.elapsed() < self.idle);
        if self.busy() {
            self.asleep = None;
        } else if !slept {
            self.asleep = Some(clock::monotonic());
            return true;
        }
        false
    }

    fn rest(&self, until_due: Option<Duration>, hands_full: bool) -> Duration {
        let rest = if hands_full || self.busy() { BUSY_POLL } else { self.idle };
        until_due.map_or(rest, |due| due.min(rest))
    }
}
