//! History's price: what a workflow costs with millions of finished ones against none, and, with a snapshot held open by
//! somebody else, what the last minute's workflows cost against the first minute's (G14).

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, postgres::PgConnectOptions};

use super::{Row, measure::Spent, operation::Ports, scratch::Scratch};

/// Finished workflows that are made in one transaction.
const FILL: i64 = 250_000;

/// What to measure.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Asked {
    /// Finished workflows.
    #[arg(long, default_value_t = 10_000_000)]
    finished: i64,
    /// Keep the database with them under this name, and take it again where it is there: filling it takes longest.
    #[arg(long, value_name = "DATABASE")]
    keep: Option<String>,
    /// Workflows of each measurement.
    #[arg(long, short, default_value_t = 20_000)]
    n: u32,
    /// Hold a snapshot open instead, for so many minutes.
    #[arg(long)]
    snapshot: Option<u32>,
    /// Workflows offered a second, then.
    #[arg(long, default_value_t = 500)]
    rate: u32,
}

pub(super) async fn run(server: &PgConnectOptions, asked: &Asked) -> Result<Vec<Row>> {
    match asked.snapshot {
        Some(minutes) => held(server, minutes, asked.rate).await,
        None => beside(server, asked).await,
    }
}

/// Empty, then full, in databases of their own.
async fn beside(server: &PgConnectOptions, asked: &Asked) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut rates = Vec::new();
    for (name, finished) in [("none finished", 0), ("many finished", asked.finished)] {
        let (scratch, new) = match &asked.keep {
            Some(name) if finished > 0 => Scratch::kept(server, name).await?,
            _ => (Scratch::make(server, true).await?, true),
        };
        if new && finished > 0 {
            fill(&scratch, finished).await?;
        }
        let before = scratch.ended().await?;
        scratch.fill(asked.n).await?;
        let spent = Spent::now(&scratch.pool).await;
        let started = Instant::now();
        let (stop, worker) = scratch.start(Ports::default(), 1000);
        scratch.drained().await?;
        let rate = f64::from(asked.n) / started.elapsed().as_secs_f64();
        stop.cancel();
        worker.await?;
        ensure!(scratch.ended().await? == i64::from(asked.n) + before, "not every workflow ended well");
        rows.push(Row::new(format!("{name}: three-step workflows"), "/s", rate));
        let spent = spent.since(&scratch.pool).await.into_iter().filter(|row| row.unit == "s");
        rows.extend(spent.map(|row| {
            Row::new(format!("{name}: {} a workflow", row.what), "ms", row.value * 1e3 / f64::from(asked.n))
        }));
        rates.push(rate);
        scratch.drop().await?;
    }
    if let [none, many] = rates[..] {
        rows.push(Row::new("share of the rate with none", "%", many / none * 100.0));
    }
    Ok(rows)
}

/// So many finished ones, as the intake and the worker leave them.
pub(super) async fn fill(scratch: &Scratch, finished: i64) -> Result<()> {
    let mut made = 0;
    while made < finished {
        let some = FILL.min(finished - made);
        sqlx::query(include_str!("sql/history_fill.sql")).bind(made).bind(some).execute(&scratch.pool).await?;
        made += some;
    }
    scratch.pool.execute(include_str!("sql/history_taken_in.sql")).await?;
    Ok(())
}

/// So many workflows a second for so many minutes, while somebody holds a snapshot: dead rows pile up.
async fn held(server: &PgConnectOptions, minutes: u32, rate: u32) -> Result<Vec<Row>> {
    let scratch = Scratch::make(server, true).await?;
    let mut snapshot = PgConnection::connect_with(&scratch.options).await?;
    snapshot.execute("begin isolation level repeatable read").await?;
    snapshot.execute(include_str!("sql/ended.sql")).await?;
    let (stop, worker) = scratch.start(Ports::default(), 1000);
    let mut rows = Vec::new();
    for minute in 1..=minutes {
        let (spent, before) = (Spent::now(&scratch.pool).await, scratch.ended().await?);
        let began = Instant::now();
        for tenth in 1..=600_u32 {
            let some = format!("{}", rate * tenth / 10 - rate * (tenth - 1) / 10);
            let offer = AssertSqlSafe(include_str!("sql/fill.sql").replace("$1", &some));
            scratch.pool.execute(offer).await?;
            tokio::time::sleep(Duration::from_millis(100 * u64::from(tenth)).saturating_sub(began.elapsed())).await;
        }
        let total = scratch.ended().await?;
        #[expect(clippy::cast_precision_loss, reason = "counts of workflows")]
        let (total, ended) = (total as f64, (total - before) as f64);
        // The first and the last minute are compared; those between them only show the way.
        let name = format!("minute {minute} of {minutes}");
        rows.push(Row::new(format!("{name}: workflows ended"), "/s", ended / began.elapsed().as_secs_f64()));
        rows.push(Row::new(format!("{name}: backlog"), "", f64::from(minute * 60 * rate) - total));
        let spent = spent.since(&scratch.pool).await.into_iter().filter(|row| row.unit == "s");
        rows.extend(
            spent.map(|row| Row::new(format!("{name}: {} a workflow", row.what), "ms", row.value * 1e3 / ended)),
        );
    }
    snapshot.close().await?;
    stop.cancel();
    worker.await?;
    scratch.drop().await?;
    Ok(rows)
}
