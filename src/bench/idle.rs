//! What `enlace serve` costs while there is nothing to do: a process of its own, with all its roles.

use std::{process::Stdio, time::Duration};

use anyhow::{Context, Result};
use sqlx::{ConnectOptions, postgres::PgConnectOptions};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

use super::{Row, measure::Spent, scratch::Scratch};

/// From the start until it is idle: connections are open, and what it writes down at the start is written.
const SETTLED: Duration = Duration::from_secs(5);

pub(super) async fn run(server: &PgConnectOptions, seconds: u64) -> Result<Vec<Row>> {
    let scratch = Scratch::make(server, false).await?;
    let mut serving = Command::new(std::env::current_exe()?)
        .args(["serve", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0"])
        .env("DATABASE_URL", scratch.options.to_url_lossy().as_str())
        .env("ENLACE_SECRET_KEY", "07".repeat(32))
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut said = BufReader::new(serving.stdout.take().context("it says nothing")?).lines();
    said.next_line().await?.context("it ended at once")?;
    tokio::time::sleep(SETTLED).await;
    let process = serving.id().context("it ended")?.to_string();
    let spent = Spent::by(&process, &scratch.pool).await;
    let length = Duration::from_secs(seconds);
    tokio::time::sleep(length).await;
    let rows = spent.since(&scratch.pool).await.into_iter().map(|row| per_second(row, length)).collect();
    serving.kill().await?;
    scratch.drop().await?;
    Ok(rows)
}

fn per_second(row: Row, length: Duration) -> Row {
    match row.unit {
        "s" => Row::new(format!("idle: {}", row.what), "% of a core", row.value / length.as_secs_f64() * 100.0),
        "MB" => Row::new("idle: peak memory of the process", row.unit, row.value),
        _ => Row::new("idle: transactions that commit", "/s", row.value / length.as_secs_f64()),
    }
}
