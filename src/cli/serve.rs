//! `enlace serve`: the product, from its database to its last goodbye.

use std::process::ExitCode;

use clap::Args;
use engine::db::{self, ANSWER, within};
use sqlx::{Connection, PgConnection};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::process::{listen, told_to_stop};
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
        let ops = listen(settings.ops_listen, &variable_of("ops_listen")).await?;
        let api = match settings.roles.contains(Role::Api) {
            true => Some(listen(settings.listen, &variable_of("listen")).await?),
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

async fn with(
    settings: &Settings,
    database: &Database,
    listeners: Listeners,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    tokio::select! {
        migrated = migrated(database) => migrated?,
        () = stop.cancelled() => return Ok(()),
    }
    listeners.announce()?;
    let pool = database.pool(settings.database_connections);
    let parts =
        app::Parts { settings: settings.clone(), pool: pool.clone(), api: listeners.api, ops: listeners.ops, stop };
    let outcome = app::run(parts).await;
    db::close(&pool).await;
    outcome
}

/// The embedded database is ours alone: it is migrated without being asked. Any other is migrated when its people say so.
async fn migrated(database: &Database) -> anyhow::Result<()> {
    let mut connection = within(ANSWER, PgConnection::connect_with(database.options())).await?;
    if database.is_embedded() {
        let tell =
            |migrations::Applied { name, took }| tracing::info!(migration = %name, ms = took.as_millis(), "applied");
        migrations::apply(&mut connection, tell).await?;
    }
    within(ANSWER, async {
        migrations::check(&mut connection).await?;
        anyhow::Ok(connection.close().await?)
    })
    .await
}
