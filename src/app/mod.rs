//! The application put together: the operations with their ports, the worker, the scheduler, and the faces.

mod accounts;
mod apply;
mod network;

use std::{sync::Arc, time::Duration};

use engine::{
    registry::Registry,
    upstream::Upstreams,
    worker::{Settings as WorkerSettings, Worker},
};
use mapping::Change;
use sqlx::PgPool;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;
use workflows::{Ports, bind::Bind, sync::Sync, unbind::Unbind};

pub use accounts::Accounts;
pub use apply::Applied;
pub use network::Hubsoft;

use crate::settings::{Role, Settings, secret_key};

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
    Registry::default().with::<Bind>(Arc::clone(&ports)).with::<Unbind>(Arc::clone(&ports)).with::<Sync>(ports)
}

/// Runs the roles of this process until it is told to stop, and then until all of them have stopped.
///
/// # Errors
/// When the key for credentials cannot be read, or a listener fails.
pub async fn run(parts: Parts) -> anyhow::Result<()> {
    let Parts { settings, pool, api, ops, stop } = parts;
    let upstreams = Arc::new(Upstreams::default());
    let accounts = Arc::new(Accounts::new(
        pool.clone(),
        secret_key::load(&settings)?,
        settings.allow_private_upstreams,
        Arc::clone(&upstreams),
    ));
    let mut running = JoinSet::new();
    if settings.roles.contains(Role::Worker) {
        let ports = Ports { network: Arc::new(Hubsoft::new(pool.clone())), maps: Arc::clone(&accounts) as _ };
        let worker = Worker::new(Arc::new(operations(ports)), Arc::new(Applied), upstreams, worker_settings(&settings));
        let (options, told) = ((*pool.connect_options()).clone(), stop.clone());
        running.spawn(async move {
            worker.run(options, told).await;
            Ok(())
        });
    }
    if settings.roles.contains(Role::Scheduler) {
        let (pool, told) = (pool.clone(), stop.clone());
        running.spawn(async move {
            engine::schedule::keep(pool, told).await;
            Ok(())
        });
    }
    let _faces = (api, ops, accounts);
    stop.cancelled().await;
    while let Some(ended) = running.join_next().await {
        ended.map_err(anyhow::Error::from).and_then(|outcome: anyhow::Result<()>| outcome)?;
    }
    Ok(())
}

fn worker_settings(settings: &Settings) -> WorkerSettings {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let worker = settings.worker;
    WorkerSettings {
        name: format!("{}:{}", host.trim(), std::process::id()),
        in_flight: usize::try_from(worker.in_flight).unwrap_or(usize::MAX),
        lease: Duration::from_secs(worker.lease_seconds.into()),
        idle_poll: Duration::from_millis(worker.poll_milliseconds.into()),
        ..WorkerSettings::default()
    }
}
