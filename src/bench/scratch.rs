//! A database for one run, on the configured server.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use engine::{
    registry::Registry,
    upstream::Upstreams,
    worker::{Settings, Worker},
};
use sqlx::{
    AssertSqlSafe, Connection, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::operation::{AsBind, Bench, NoChanges, Ports};
use crate::migrations;

const NAME: &str = "enlace_bench";

/// The database; dropped by [`Scratch::drop`], unless it is to be kept.
pub(super) struct Scratch {
    server: PgConnectOptions,
    kept: bool,
    pub(super) options: PgConnectOptions,
    pub(super) pool: PgPool,
}

impl Scratch {
    /// Made and migrated; with `own_kinds`, only the benchmark's own kinds may be enqueued.
    pub(super) async fn make(server: &PgConnectOptions, own_kinds: bool) -> Result<Self> {
        let mut admin = PgConnection::connect_with(server).await.context("connecting to the configured server")?;
        sqlx::query("drop database if exists enlace_bench with (force)").execute(&mut admin).await?;
        sqlx::query("create database enlace_bench")
            .execute(&mut admin)
            .await
            .context("making the database enlace_bench")?;
        let options = server.clone().database(NAME);
        let mut connection = PgConnection::connect_with(&options).await?;
        migrations::apply(&mut connection, |_| {}).await?;
        if own_kinds {
            sqlx::query(include_str!("sql/admit_bench.sql")).execute(&mut connection).await?;
        }
        connection.close().await?;
        let pool = PgPoolOptions::new().max_connections(4).connect_with(options.clone()).await?;
        Ok(Self { server: server.clone(), kept: false, options, pool })
    }

    /// One of this name, which is kept; made where there is none. Whether it was made.
    pub(super) async fn kept(server: &PgConnectOptions, name: &str) -> Result<(Self, bool)> {
        let options = server.clone().database(name);
        let made = PgConnection::connect_with(&options).await.is_err();
        if made {
            let scratch = Self::make(server, true).await?;
            scratch.pool.close().await;
            let mut admin = PgConnection::connect_with(server).await?;
            let rename = format!("alter database {NAME} rename to \"{}\"", name.replace('"', "\"\""));
            sqlx::query(AssertSqlSafe(rename)).execute(&mut admin).await?;
        } else {
            // It may be an older build's.
            let mut connection = PgConnection::connect_with(&options).await?;
            migrations::apply(&mut connection, |_| {}).await?;
            sqlx::query(include_str!("sql/admit_bench.sql")).execute(&mut connection).await?;
            connection.close().await?;
        }
        let pool = PgPoolOptions::new().max_connections(4).connect_with(options.clone()).await?;
        Ok((Self { server: server.clone(), kept: true, options, pool }, made))
    }

    /// Drops it.
    pub(super) async fn drop(self) -> Result<()> {
        self.pool.close().await;
        if self.kept {
            return Ok(());
        }
        let mut admin = PgConnection::connect_with(&self.server).await?;
        sqlx::query("drop database if exists enlace_bench with (force)").execute(&mut admin).await?;
        Ok(())
    }

    /// Enqueues `n` workflows, then leaves the server quiet.
    pub(super) async fn fill(&self, n: u32) -> Result<()> {
        self.fill_quietly(n).await?;
        sqlx::query("vacuum analyze").execute(&self.pool).await?;
        // Only a superuser may; without it the first run pays for the fill's dirty pages.
        let _not_allowed = sqlx::query("checkpoint").execute(&self.pool).await;
        Ok(())
    }

    /// Enqueues `n` workflows.
    pub(super) async fn fill_quietly(&self, n: u32) -> Result<()> {
        sqlx::query(include_str!("sql/fill.sql")).bind(i64::from(n)).execute(&self.pool).await?;
        Ok(())
    }

    /// Starts a worker; cancel the token and await the handle to end it.
    pub(super) fn start(&self, ports: Ports, in_flight: usize) -> (CancellationToken, JoinHandle<()>) {
        let ports = Arc::new(ports);
        let registry = Registry::default().with::<Bench>(Arc::clone(&ports)).with::<AsBind>(ports);
        self.start_with(registry, Arc::default(), in_flight)
    }

    /// The same with other kinds, and the gates that their calls pass.
    pub(super) fn start_with(
        &self,
        registry: Registry<()>,
        upstreams: Arc<Upstreams>,
        in_flight: usize,
    ) -> (CancellationToken, JoinHandle<()>) {
        let settings = Settings { in_flight, ..Settings::default() };
        let worker = Worker::new(Arc::new(registry), Arc::new(NoChanges), upstreams, settings);
        let (stop, options) = (CancellationToken::new(), self.options.clone());
        let told = stop.clone();
        (stop, tokio::spawn(async move { worker.run(options, told).await }))
    }

    /// Waits until everything that was enqueued has ended.
    pub(super) async fn drained(&self) -> Result<()> {
        loop {
            let (done,): (bool,) = sqlx::query_as(include_str!("sql/drained.sql")).fetch_one(&self.pool).await?;
            if done {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// How many ended well.
    pub(super) async fn ended(&self) -> Result<i64> {
        let (count,): (i64,) = sqlx::query_as(include_str!("sql/ended.sql")).fetch_one(&self.pool).await?;
        Ok(count)
    }
}
