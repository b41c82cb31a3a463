//! W2: an idle system, one workflow at a time: from the commit to the first step's start, and to the end.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::{Row, measure::percentile, operation::Ports, scratch::Scratch};

pub(super) async fn run(server: &PgConnectOptions, n: u32) -> Result<Vec<Row>> {
    let scratch = Scratch::make(server, true).await?;
    let (began, mut first_steps) = mpsc::unbounded_channel();
    let (stop, worker) = scratch.start(Ports { began: Some(began), server: None }, 1000);
    let mut hubsoft = PgConnection::connect_with(&scratch.options).await?;
    let (mut to_first, mut to_end) = (Vec::new(), Vec::new());
    for warm_up in (0..10).map(|_| true).chain((0..n).map(|_| false)) {
        // Long enough for the worker to be idle again.
        tokio::time::sleep(Duration::from_millis(20)).await;
        let (id,): (Uuid,) = sqlx::query_as(include_str!("sql/enqueue_one.sql")).fetch_one(&mut hubsoft).await?;
        let committed = Instant::now();
        let (of, at) = first_steps.recv().await.context("the worker is gone")?;
        anyhow::ensure!(of == id, "another workflow began");
        let ended = end_of(&mut hubsoft, id).await?;
        if !warm_up {
            to_first.push(at.saturating_duration_since(committed).as_secs_f64() * 1e3);
            to_end.push((ended - committed).as_secs_f64() * 1e3);
        }
    }
    // A connection counts its commits late, unless it ends.
    hubsoft.close().await?;
    let mut rows = spread("commit to first step", to_first);
    rows.extend(spread("commit to end, as a poll every 0.2 ms sees it", to_end));
    stop.cancel();
    worker.await?;
    scratch.drop().await?;
    Ok(rows)
}

/// When the workflow's end was first visible to another connection.
async fn end_of(conn: &mut PgConnection, id: Uuid) -> Result<Instant> {
    loop {
        let (ended,): (bool,) =
            sqlx::query_as(include_str!("sql/has_ended.sql")).bind(id).fetch_one(&mut *conn).await?;
        if ended {
            return Ok(Instant::now());
        }
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
}

fn spread(what: &str, mut values: Vec<f64>) -> Vec<Row> {
    values.sort_by(f64::total_cmp);
    vec![
        Row::new(format!("{what}, p50"), "ms", percentile(&values, 0.5)),
        Row::new(format!("{what}, p99"), "ms", percentile(&values, 0.99)),
    ]
}
