//! The worker: takes in, claims, runs and records, until it is asked to stop or loses its lease.

use std::{
    sync::{Arc, Mutex as SyncMutex, PoisonError},
    time::Duration,
};

use sqlx::{PgPool, postgres::PgConnectOptions};
use tokio::{
    sync::{Mutex, mpsc},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::{
    Apply, Error, claim, clock,
    db::{self, Why, why},
    hands::{Hands, Shop},
    intake, lease,
    lease::Lease,
    pace::Pace,
    record::Recorder,
    registry::Registry,
    tally::{self, ENGINE},
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
        tally::show(self.registry.iter().map(|kind| kind.name()));
        self.announce(&pool).await?;
        self.upstreams.refresh(&pool).await?;
        let lease = Lease::take(&pool, &self.settings.name, self.settings.lease).await?;
        self.pulse.set(&lease);
        tracing::info!(worker.id = %lease.worker, worker.name = self.settings.name, "the worker works");
        let ended = CancellationToken::new();
        let (shop, mut helpers) = self.open(&pool, &lease, &ended);
        let mut hands = Hands::new(shop);
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
        let shop = Arc::new(Shop::new(Arc::clone(lease), Arc::clone(&self.upstreams), records, records_alone));
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
            let taken = or_again(intake::take_in(pool, worker, &self.registry, free).await, &mut more)?;
            pace.took(taken.count);
            ENGINE.taken_in.increment(taken.count as u64);
            more |= taken.count >= intake::BATCH && free > taken.count;
            hands.take(taken.held);
        }
        let free = self.settings.in_flight - hands.count().min(self.settings.in_flight);
        if free > 0 && pace.claims() {
            let claimed = or_again(claim::claim(pool, worker, &self.registry, free.min(GROUP)).await, &mut more)?;
            pace.claimed(claimed.len());
            more |= !claimed.is_empty() && claimed.len() < free;
            hands.take(claimed);
        }
        Ok(more)
    }
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

/// Looks around beside the work: takes over from the dead, reads which upstreams are closed and what people asked.
async fn look_around<C: Send>(pool: PgPool, shop: Arc<Shop<C>>) {
    while shop.lease.alive() {
        match lease::reap(&pool).await {
            Ok(0) => {}
            Ok(freed) => {
                ENGINE.taken_over.increment(freed);
                tracing::warn!(freed, "a dead worker's workflows were taken over");
                shop.nudge.notify_one();
            }
            Err(error) => tracing::debug!(%error, "could not look for dead workers"),
        }
        if let Err(error) = shop.upstreams.refresh(&pool).await {
            tracing::debug!(%error, "could not read the upstreams");
        }
        match sqlx::query_as(include_str!("sql/asked.sql")).bind(shop.lease.worker).fetch_all(&pool).await {
            Ok(rows) => shop.note_asked(rows),
            Err(error) => tracing::debug!(%error, "could not read what people asked"),
        }
        clock::sleep(Duration::from_secs(1)).await;
    }
}
