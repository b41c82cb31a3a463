//! HubSoft's tax while the worker drains: its transaction (an `UPDATE` and `enlace.enqueue`), offered at a fixed rate by 32
//! clients, without a worker and beside one, in turn. The time counts from when the transaction was to begin, so that one that
//! has to queue behind a slow one is seen to be slow, too.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use sqlx::{AssertSqlSafe, Connection, PgConnection, postgres::PgConnectOptions};

use super::{Row, measure::percentile, operation::Ports, scratch::Scratch};

const CLIENTS: i64 = 32;

pub(super) async fn run(server: &PgConnectOptions, rate: u32, seconds: u64) -> Result<Vec<Row>> {
    let scratch = Scratch::make(server, false).await?;
    for statement in include_str!("sql/enqueue_tables.sql").split(";\n") {
        sqlx::query(AssertSqlSafe(statement)).execute(&scratch.pool).await?;
    }
    let [mut alone, mut beside] = [Vec::new(), Vec::new()];
    // Alone, beside, beside, alone: a drift of the machine falls on both alike. What was enqueued alone is drained before
    // the worker's turn is timed.
    for with_worker in [false, true, true, false] {
        let length = Duration::from_secs(seconds) / 2;
        if with_worker {
            let (stop, worker) = scratch.start(Ports::default(), 1000);
            scratch.drained().await?;
            beside.extend(offered(&scratch, rate, length).await?);
            scratch.drained().await?;
            stop.cancel();
            worker.await?;
        } else {
            alone.extend(offered(&scratch, rate, length).await?);
        }
    }
    ensure!(scratch.ended().await? > 0, "the worker drained nothing");
    scratch.drop().await?;
    let mut rows = Vec::new();
    let mut p99 = Vec::new();
    for (what, mut took) in [("without a worker", alone), ("beside a worker that drains", beside)] {
        took.sort_by(f64::total_cmp);
        p99.push(percentile(&took, 0.99));
        for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
            rows.push(Row::new(
                format!("HubSoft's transaction, {rate}/s offered, {what}, {name}"),
                "ms",
                percentile(&took, share),
            ));
        }
    }
    rows.push(Row::new("p99 beside a worker over p99 without one", "×", p99[1] / p99[0]));
    Ok(rows)
}

/// The milliseconds of each transaction that was offered at this rate for so long.
async fn offered(scratch: &Scratch, rate: u32, length: Duration) -> Result<Vec<f64>> {
    let next = Arc::new(AtomicU32::new(0));
    let started = Instant::now() + Duration::from_millis(100);
    let mut clients = Vec::new();
    for client in 0..CLIENTS {
        let mut conn = PgConnection::connect_with(&scratch.options).await?;
        let next = Arc::clone(&next);
        clients.push(tokio::spawn(async move {
            let mut took = Vec::new();
            loop {
                let turn = next.fetch_add(1, Ordering::Relaxed);
                let due = Duration::from_secs_f64(f64::from(turn) / f64::from(rate));
                if due > length {
                    return Ok::<_, sqlx::Error>(took);
                }
                tokio::time::sleep_until((started + due).into()).await;
                transaction(&mut conn, client, turn).await?;
                took.push((started.elapsed() - due).as_secs_f64() * 1e3);
            }
        }));
    }
    let mut all = Vec::new();
    for client in clients {
        all.extend(client.await??);
    }
    Ok(all)
}

/// One of HubSoft's: no two clients ever change the same port.
async fn transaction(conn: &mut PgConnection, client: i64, turn: u32) -> sqlx::Result<()> {
    let (port, service) = (client + 1 + i64::from(turn % 100) * CLIENTS, i64::from(turn) + 1);
    let mut tx = conn.begin().await?;
    sqlx::query(include_str!("sql/update_port.sql")).bind(port).bind(service).execute(&mut *tx).await?;
    sqlx::query(include_str!("sql/enqueue_bind.sql")).bind(port).bind(service).execute(&mut *tx).await?;
    tx.commit().await
}
