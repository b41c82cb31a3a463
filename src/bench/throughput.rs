//! W1: workflows of three durable steps, from the worker's start to the last end.

use std::time::Instant;

use anyhow::{Result, ensure};
use sqlx::postgres::PgConnectOptions;

use super::{Row, measure::Spent, operation::Ports, scratch::Scratch};

pub(super) async fn run(server: &PgConnectOptions, n: u32) -> Result<Vec<Row>> {
    let scratch = Scratch::make(server, true).await?;
    scratch.fill(n).await?;
    let spent = Spent::now(&scratch.pool).await;
    let started = Instant::now();
    let (stop, worker) = scratch.start(Ports::default(), 1000);
    scratch.drained().await?;
    let seconds = started.elapsed().as_secs_f64();
    stop.cancel();
    worker.await?;
    ensure!(scratch.ended().await? == i64::from(n), "not every workflow ended well");
    let mut rows = vec![Row::new("three-step workflows", "/s", f64::from(n) / seconds)];
    rows.extend(spent.since(&scratch.pool).await);
    scratch.drop().await?;
    Ok(rows)
}
