//! The application put together: the operations with their ports, the worker, the scheduler, and the faces.

mod accounts;
mod apply;
mod network;

use std::{future::IntoFuture, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, middleware::from_fn_with_state};
use engine::{
    claim::Claiming,
    clock,
    history::Keep,
    registry::Registry,
    upstream::Upstreams,
    worker::{Settings as WorkerSettings, Worker},
};
use mapping::Change;
use metrics_exporter_prometheus::PrometheusHandle;
use platforms::{Options, http::Timeouts};
use sqlx::PgPool;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;
use workflows::{
    Ports, bind::Bind, migrate::Migrate, registration::Registration, retirement::Retirement, sync::Sync,
    unbind::Unbind, viability::Viability,
};

pub use accounts::Accounts;
pub use apply::Applied;
pub use network::Hubsoft;

use crate::{
    api::{self, ApiState, Limiter, OpsState, ops::Check},
    console::{self, ConsoleState},
    desk::{self, Setup, connect::Stored, live::Hub},
    settings::{Claim, History, Role, Settings, Wake, secret_key},
    telemetry::{self, Traces},
};

/// How long answers may take that were asked for before the stop.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// What the application is made from.
pub struct Parts {
    /// The settings of this process.
    pub settings: Settings,
    /// The database, migrated.
    pub pool: PgPool,
    /// Where the API and the console listen; `None` without that role.
    pub api: Option<TcpListener>,
    /// Where health and metrics listen.
    pub ops: TcpListener,
    /// Cancelled when the process is to stop.
    pub stop: CancellationToken,
}

/// The operations of this build.
pub fn operations(ports: Ports) -> Registry<Change> {
    let ports = Arc::new(ports);
    Registry::default()
        .with::<Bind>(Arc::clone(&ports))
        .with::<Unbind>(Arc::clone(&ports))
        .with::<Migrate>(Arc::clone(&ports))
        .with::<Retirement>(Arc::clone(&ports))
        .with::<Sync>(Arc::clone(&ports))
        .with::<Viability>(Arc::clone(&ports))
        .with::<Registration>(ports)
}

/// Runs the roles of this process until it is told to stop, and then until all of them have stopped.
///
/// # Errors
/// When the key for credentials cannot be read, or a listener fails.
pub async fn run(parts: Parts) -> anyhow::Result<()> {
    let Parts { settings, pool, api, ops, stop } = parts;
    let key = Arc::new(secret_key::load(&settings)?);
    let timeouts = Timeouts { viability: settings.viability_deadline, ..Timeouts::default() };
    let options = Options { allow_private: settings.allow_private_upstreams, timeouts, ..Options::default() };
    let stored = Arc::new(Stored { pool: pool.clone(), key: Arc::clone(&key), options });
    let counted = telemetry::counted()?;
    let traces = settings.otlp.as_ref().map(|otlp| Traces::start(otlp, pool.clone())).transpose()?;
    if let Some(traces) = &traces {
        engine::watch::install(Arc::<Traces>::clone(traces));
    }
    let mut running = JoinSet::new();
    running.spawn(upkeep(counted.clone(), stop.clone()));
    let mut checks: Vec<Check> = Vec::new();
    if settings.roles.contains(Role::Worker) {
        let worker = worker(&settings, &pool, &stored);
        let pulse = worker.pulse();
        checks.push(Arc::new(move || (!pulse.beats()).then(|| "the worker holds no lease".to_owned())));
        running.spawn(work(worker, pool.clone(), stop.clone()));
        running.spawn(keep_history(settings.history, pool.clone(), stop.clone()));
        running.spawn(forget_people(settings.history, pool.clone(), stop.clone()));
        running.spawn(act_on_many(pool.clone(), stop.clone()));
        running.spawn(count_calls(pool.clone(), stop.clone()));
        running.spawn(write_trail(pool.clone(), stop.clone()));
    }
    if settings.roles.contains(Role::Scheduler) {
        running.spawn(schedule(pool.clone(), stop.clone()));
    }
    if let Some(listener) = api {
        let setup = Setup { key, plain_http: settings.allow_private_upstreams, accounts: stored };
        let live = Hub::start(pool.clone(), stop.clone());
        let console = ConsoleState::new(pool.clone(), setup.clone(), live.clone());
        let console = console.with_tiles(settings.map_tiles.as_deref());
        let limiter = Limiter::new(settings.api.requests_per_second, settings.api.burst);
        let api = ApiState { board: console.board.clone(), limiter, ..ApiState::new(pool.clone(), setup, live) };
        let mut router = api::router(api).merge(console::router(console));
        if let Some(traces) = &traces {
            router = router.layer(from_fn_with_state(Arc::clone(traces), telemetry::traced));
        }
        running.spawn(serve(listener, router, stop.clone()));
    }
    let health = OpsState { pool, checks, counted: Some(counted) };
    running.spawn(serve(ops, api::ops_router(health), stop.clone()));
    let outcome = all_ended(running, &stop).await;
    if let Some(traces) = traces {
        traces.finish().await;
    }
    outcome
}

async fn all_ended(mut running: JoinSet<anyhow::Result<()>>, stop: &CancellationToken) -> anyhow::Result<()> {
    while let Some(ended) = running.join_next().await {
        // Whatever ends by itself takes the others with it.
        stop.cancel();
        ended.map_err(anyhow::Error::from).and_then(|outcome| outcome)?;
    }
    Ok(())
}

async fn upkeep(counted: PrometheusHandle, stop: CancellationToken) -> anyhow::Result<()> {
    telemetry::upkeep(counted, stop).await;
    Ok(())
}

fn worker(settings: &Settings, pool: &PgPool, stored: &Arc<Stored>) -> Worker<Change> {
    let upstreams = Arc::new(Upstreams::default());
    let accounts = Arc::new(Accounts::new(Arc::clone(stored), Arc::clone(&upstreams)));
    let ports = Ports { network: Arc::new(Hubsoft::new(pool.clone())), maps: accounts };
    Worker::new(Arc::new(operations(ports)), Arc::new(Applied), upstreams, worker_settings(settings))
}

async fn work(worker: Worker<Change>, pool: PgPool, stop: CancellationToken) -> anyhow::Result<()> {
    worker.run((*pool.connect_options()).clone(), stop).await;
    Ok(())
}

async fn keep_history(history: History, pool: PgPool, stop: CancellationToken) -> anyhow::Result<()> {
    let keep = Keep { days: history.keep_days, weeks_ahead: history.weeks_ahead };
    engine::history::keep(pool, process_name(), keep, stop).await;
    Ok(())
}

async fn forget_people(history: History, pool: PgPool, stop: CancellationToken) -> anyhow::Result<()> {
    desk::forget::keep(pool, process_name(), history.keep_days, stop).await;
    Ok(())
}

async fn act_on_many(pool: PgPool, stop: CancellationToken) -> anyhow::Result<()> {
    desk::bulk::drive::keep(pool, process_name(), stop).await;
    Ok(())
}

async fn count_calls(pool: PgPool, stop: CancellationToken) -> anyhow::Result<()> {
    telemetry::recent::keep(pool, stop).await;
    Ok(())
}

async fn write_trail(pool: PgPool, stop: CancellationToken) -> anyhow::Result<()> {
    desk::trail::keep(pool, process_name(), stop).await;
    Ok(())
}

async fn schedule(pool: PgPool, stop: CancellationToken) -> anyhow::Result<()> {
    engine::schedule::keep(pool, stop).await;
    Ok(())
}

/// Serves until it is told to stop; whoever still waits for an answer then has a moment to get it.
async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) -> anyhow::Result<()> {
    let router = router.into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
    tokio::select! {
        served = serving.into_future() => Ok(served?),
        () = async { stop.cancelled().await; clock::sleep(LAST_ANSWERS).await } => Ok(()),
    }
}

/// Host and process id: how people know this process.
fn process_name() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}:{}", host.trim(), std::process::id())
}

fn worker_settings(settings: &Settings) -> WorkerSettings {
    let worker = settings.worker;
    WorkerSettings {
        name: process_name(),
        in_flight: usize::try_from(worker.in_flight).unwrap_or(usize::MAX),
        lease: Duration::from_secs(worker.lease_seconds.into()),
        idle_poll: Duration::from_millis(worker.poll_milliseconds.into()),
        claiming: match worker.claim {
            Claim::SkipLocked => Claiming::SkipLocked,
            Claim::Guarded => Claiming::Guarded,
        },
        listen: worker.wake == Wake::Notify,
        ..WorkerSettings::default()
    }
}
