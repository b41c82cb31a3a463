//! `enlace serve`: the product, from its database to its last goodbye.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use clap::Args;
use sqlx::{Connection, PgConnection};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::app;
use crate::migrations;
use crate::postgres::{Claim, Database};
use crate::settings::{Role, Settings, variable_of};

/// Flags of `enlace serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// What to run in this process [worker, api, scheduler]
    #[arg(long)]
    roles: Option<String>,
    /// Address of the API and the console
    #[arg(long)]
    listen: Option<String>,
    /// Address of health and metrics
    #[arg(long)]
    ops_listen: Option<String>,
}

impl Serve {
    /// Key, flag and value of each setting given here.
    pub fn settings(&self) -> Vec<(&'static str, &'static str, &str)> {
        let given = |key, flag, value| Option::as_deref(value).map(|value| (key, flag, value));
        let flags = [
            given("roles", "--roles", &self.roles),
            given("listen", "--listen", &self.listen),
            given("ops_listen", "--ops-listen", &self.ops_listen),
        ];
        flags.into_iter().flatten().collect()
    }

    /// Runs until it is told to stop (Ctrl-C, SIGTERM), then stops everything that it started.
    pub async fn run(self, settings: Settings) -> anyhow::Result<ExitCode> {
        let stop = told_to_stop()?;
        // Before the database, which takes longest: a taken port is known at once.
        let listeners = Listeners::open(&settings).await?;
        let opening = Database::open(&settings, Claim::Own);
        let database = tokio::select! {
            opened = opening => opened?,
            () = stop.cancelled() => return Ok(ExitCode::SUCCESS),
        };
        let outcome = with(&settings, &database, listeners, stop).await;
        super::closing(database, outcome.map(|()| ExitCode::SUCCESS)).await
    }
}

/// The sockets, open before anything slow is done.
struct Listeners {
    api: Option<TcpListener>,
    ops: TcpListener,
}

impl Listeners {
    async fn open(settings: &Settings) -> anyhow::Result<Self> {
        let ops = bind(settings.ops_listen, "ops_listen").await?;
        let api = match settings.roles.contains(Role::Api) {
            true => Some(bind(settings.listen, "listen").await?),
            false => None,
        };
        Ok(Self { api, ops })
    }

    /// Where they are, with the ports that the system chose: programs that start us read these lines.
    fn announce(&self) -> anyhow::Result<()> {
        if let Some(api) = &self.api {
            println!("api http://{}", api.local_addr()?);
        }
        println!("ops http://{}", self.ops.local_addr()?);
        Ok(())
    }
}

async fn bind(address: SocketAddr, key: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|why| match why.kind() {
        ErrorKind::AddrInUse => anyhow!(
            "{address} is in use by another program: stop that one, or set {0} to a free address ({0}={1}:0 takes any)",
            variable_of(key),
            address.ip()
        ),
        _ => anyhow::Error::new(why).context(format!("cannot listen at {address}, which {} sets", variable_of(key))),
    })
}

async fn with(
    settings: &Settings,
    database: &Database,
    listeners: Listeners,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    migrated(database).await?;
    listeners.announce()?;
    let pool = database.pool(settings.database_connections);
    let parts =
        app::Parts { settings: settings.clone(), pool: pool.clone(), api: listeners.api, ops: listeners.ops, stop };
    let outcome = app::run(parts).await;
    pool.close().await;
    Ok(outcome?)
}

/// The embedded database is ours alone: it is migrated without being asked. Any other is migrated when its people say so.
async fn migrated(database: &Database) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect_with(database.options()).await?;
    if database.is_embedded() {
        let tell =
            |migrations::Applied { name, took }| tracing::info!(migration = %name, ms = took.as_millis(), "applied");
        migrations::apply(&mut connection, tell).await?;
    }
    migrations::check(&mut connection).await?;
    Ok(connection.close().await?)
}

/// Cancelled by the first Ctrl-C or SIGTERM. A second one ends the process at once, as it would have without us; the
/// embedded Postgres is then taken over by the next start.
fn told_to_stop() -> anyhow::Result<CancellationToken> {
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for Ctrl-C")?;
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        for insisting in [false, true] {
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
            if insisting {
                std::process::exit(130);
            }
            tracing::info!("stopping; a second signal ends this process at once");
            told.cancel();
        }
    });
    Ok(stop)
}
