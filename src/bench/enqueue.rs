//! W4: what enqueueing costs HubSoft: its transaction (an `UPDATE` and `enlace.enqueue`) against the same with a plain
//! insert into an equal table, in turn, by 1, 8 and 32 clients, without a worker.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Result;
use sqlx::{AssertSqlSafe, Connection, PgConnection, postgres::PgConnectOptions};

use super::{Row, scratch::Scratch};

const ENQUEUE: &str = include_str!("sql/enqueue_bind.sql");
const PLAIN: &str = include_str!("sql/insert_plain.sql");

pub(super) async fn run(server: &PgConnectOptions, seconds: u64) -> Result<Vec<Row>> {
    let scratch = Scratch::make(server, false).await?;
    for statement in include_str!("sql/enqueue_tables.sql").split(";\n") {
        sqlx::query(AssertSqlSafe(statement)).execute(&scratch.pool).await?;
    }
    let mut rows = Vec::new();
    for clients in [1, 8, 32] {
        // Plain, ours, ours, plain: a drift of the machine falls on both alike.
        let mut rates = [0.0, 0.0];
        for which in [0, 1, 1, 0] {
            rates[which] +=
                rate(&scratch, clients, [PLAIN, ENQUEUE][which], Duration::from_secs(seconds) / 2).await? / 2.0;
        }
        let [plain, ours] = rates;
        rows.push(Row::new(format!("plain insert, {clients} clients"), "tx/s", plain));
        rows.push(Row::new(format!("enlace.enqueue, {clients} clients"), "tx/s", ours));
        rows.push(Row::new(format!("share of the plain rate, {clients} clients"), "%", ours / plain * 100.0));
    }
    scratch.drop().await?;
    Ok(rows)
}

/// Transactions a second of so many clients.
async fn rate(scratch: &Scratch, clients: i64, statement: &'static str, length: Duration) -> Result<f64> {
    let (done, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let mut running = Vec::new();
    for client in 0..clients {
        let mut conn = PgConnection::connect_with(&scratch.options).await?;
        let (done, over) = (Arc::clone(&done), Arc::clone(&over));
        running.push(tokio::spawn(async move {
            for turn in 0.. {
                if over.load(Ordering::Relaxed) {
                    return Ok::<_, sqlx::Error>(());
                }
                let port = client + 1 + (turn % 100) * clients;
                let mut tx = conn.begin().await?;
                sqlx::query(include_str!("sql/update_port.sql")).bind(port).bind(turn + 1).execute(&mut *tx).await?;
                sqlx::query(statement).bind(port).bind(turn + 1).execute(&mut *tx).await?;
                tx.commit().await?;
                done.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        }));
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let (before, started) = (done.load(Ordering::Relaxed), Instant::now());
    tokio::time::sleep(length).await;
    let (after, took) = (done.load(Ordering::Relaxed), started.elapsed());
    over.store(true, Ordering::Relaxed);
    for client in running {
        client.await??;
    }
    #[expect(clippy::cast_precision_loss, reason = "a count of transactions")]
    Ok((after - before) as f64 / took.as_secs_f64())
}
