//! A first sync of a simulated OZMap city, a second one with nothing changed, a `COPY` of the same rows beside them, and binds
//! without and during a third one; the simulator is a process of its own.

use std::{
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use engine::{
    upstream::Upstreams,
    worker::{Settings, Worker},
};
use futures_util::StreamExt;
use mapping::integrations::{self, Keeper, New, ProjectChoice};
use platforms::Options;
use secrecy::SecretBox;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    process::{Child, Command},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use workflows::Ports;

use super::{
    Row,
    measure::{Spent, percentile},
    scratch::Scratch,
};
use crate::{
    app::{self, Accounts, Applied, Hubsoft},
    desk::connect::Stored,
};

pub(super) async fn run(server: &sqlx::postgres::PgConnectOptions, boxes: u32) -> Result<Vec<Row>> {
    let scratch = Scratch::make(server, false).await?;
    let (mut city, url, key) = simulated(boxes).await?;
    let integration = integrate(&scratch, &url, &key).await?;
    let (upstreams, pool) = (Arc::new(Upstreams::default()), scratch.pool.clone());
    let options = Options { allow_private: true, ..Options::default() };
    let stored = Stored { pool: pool.clone(), key: Arc::new(SecretBox::new(Box::new([7; 32]))), options };
    let accounts = Accounts::new(Arc::new(stored), Arc::clone(&upstreams));
    let ports = Ports { network: Arc::new(Hubsoft::new(pool)), maps: Arc::new(accounts) };
    let worker = Worker::new(Arc::new(app::operations(ports)), Arc::new(Applied), upstreams, Settings::default());
    let (stop, options) = (CancellationToken::new(), scratch.options.clone());
    let told = stop.clone();
    let working = tokio::spawn(async move { worker.run(options, told).await });
    let mut rows = Vec::new();
    let first = once(&scratch, integration, "first sync", &mut rows).await?;
    ensure!(first > 0.0, "the city is empty");
    let before = element_writes(&scratch).await?;
    let spent = Spent::now(&scratch.pool).await;
    once(&scratch, integration, "second sync", &mut rows).await?;
    let written = element_writes(&scratch).await? - before;
    #[expect(clippy::cast_precision_loss, reason = "a count of rows")]
    rows.push(Row::new("second sync: element rows written", "", written as f64));
    rows.extend(spent.since(&scratch.pool).await.into_iter().filter(|row| row.unit == "MB"));
    beside_binds(&scratch, integration, &mut rows).await?;
    stop.cancel();
    working.await?;
    city.kill().await?;
    // Last, because what it reads and writes is in this process's memory and in the server's caches.
    let copied = copied(&scratch, &mut rows).await?;
    let speed =
        |name: &str| rows.iter().find(|row| row.what == format!("{name}: speed")).map_or(f64::NAN, |row| row.value);
    let ratios = ["first sync", "second sync"].map(|name| (name, speed(name) / copied * 100.0));
    rows.extend(ratios.map(|(name, share)| Row::new(format!("{name}: rows/s, of COPY's"), "%", share)));
    scratch.drop().await?;
    Ok(rows)
}

/// A city served by this same program; where it is, and its key.
pub(super) async fn simulated(boxes: u32) -> Result<(Child, String, String)> {
    let mut city = Command::new(std::env::current_exe()?)
        .args(["simulate", "ozmap", "--listen", "127.0.0.1:0", "--boxes", &boxes.to_string()])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut lines = BufReader::new(city.stdout.take().context("the simulator says nothing")?).lines();
    let mut said = async |word: &str| -> Result<String> {
        let line = lines.next_line().await?.context("the simulator ended")?;
        Ok(line.strip_prefix(word).with_context(|| format!("the simulator said {line:?}"))?.trim().to_owned())
    };
    let (url, key) = (said("ozmap").await?, said("key").await?);
    Ok((city, url, key))
}

pub(super) async fn integrate(scratch: &Scratch, url: &str, key: &str) -> Result<i64> {
    let given = json!({ "api_url": url, "api_chave": key, "usuario": "bench", "senha": "bench" });
    let new = New {
        platform: "ozmap".to_owned(),
        name: "bench".to_owned(),
        parameters: given.as_object().cloned().unwrap_or_default(),
        settings: serde_json::Map::new(),
        elements: ["box", "splitter", "pole", "cable"].map(str::to_owned).to_vec(),
    };
    let secret = SecretBox::new(Box::new([7; 32]));
    let mut tx = scratch.pool.begin().await?;
    let id = integrations::create(&mut tx, Keeper { key: &secret, plain_http: true }, &new).await?;
    integrations::set_project(&mut tx, id, &ProjectChoice::New("bench".to_owned())).await?;
    tx.commit().await?;
    Ok(id)
}

/// One sync: its seconds and rows a second, added to `rows`; how many elements it saw.
pub(super) async fn once(scratch: &Scratch, integration: i64, name: &str, rows: &mut Vec<Row>) -> Result<f64> {
    let started = Instant::now();
    let id: Uuid =
        sqlx::query_scalar(include_str!("sql/enqueue_sync.sql")).bind(integration).fetch_one(&scratch.pool).await?;
    let result: Value = loop {
        let (status, explanation, result): (String, Value, Option<Value>) =
            sqlx::query_as(include_str!("sql/status.sql")).bind(id).fetch_one(&scratch.pool).await?;
        ensure!(
            matches!(status.as_str(), "queued" | "running" | "waiting" | "succeeded"),
            "the sync is {status}: {explanation}"
        );
        if let (true, Some(result)) = (status == "succeeded", result) {
            break result;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let seconds = started.elapsed().as_secs_f64();
    let kinds = result.pointer("/elements").and_then(Value::as_object).context("a sync without a result")?;
    let seen: f64 = kinds.values().filter_map(|k| k.get("seen").and_then(Value::as_f64)).sum();
    rows.push(Row::new(format!("{name}: elements"), "rows", seen));
    rows.push(Row::new(name.to_owned(), "s", seconds));
    rows.push(Row::new(format!("{name}: speed"), "rows/s", seen / seconds));
    Ok(seen)
}

async fn element_writes(scratch: &Scratch) -> Result<i64> {
    sqlx::query(include_str!("sql/flush_statistics.sql")).execute(&scratch.pool).await?;
    Ok(sqlx::query_scalar(include_str!("sql/element_writes.sql")).fetch_one(&scratch.pool).await?)
}

/// Seconds of binds without a sync, before they are measured beside one.
const ALONE: Duration = Duration::from_secs(15);

/// What a bind takes, from HubSoft's commit to its end, one at a time: alone, and while the city is synced once more.
async fn beside_binds(scratch: &Scratch, integration: i64, rows: &mut Vec<Row>) -> Result<()> {
    sqlx::query(include_str!("sql/sync_services.sql")).execute(&scratch.pool).await?;
    let mut free: Vec<(i64, i64)> =
        sqlx::query_as(include_str!("sql/sync_free_ports.sql")).fetch_all(&scratch.pool).await?;
    let until = Instant::now() + ALONE;
    let alone = binds(scratch, &mut free, async || Ok(Instant::now() >= until)).await?;
    let id: Uuid =
        sqlx::query_scalar(include_str!("sql/enqueue_sync.sql")).bind(integration).fetch_one(&scratch.pool).await?;
    let started = Instant::now();
    let beside = binds(scratch, &mut free, async || {
        Ok(sqlx::query_scalar(include_str!("sql/has_ended.sql")).bind(id).fetch_one(&scratch.pool).await?)
    })
    .await?;
    rows.push(Row::new("third sync, beside binds", "s", started.elapsed().as_secs_f64()));
    for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
        let (without, with) = (percentile(&alone, share), percentile(&beside, share));
        rows.push(Row::new(format!("bind, commit to end, no sync, {name}"), "ms", without));
        rows.push(Row::new(format!("bind, commit to end, during a sync, {name}"), "ms", with));
        rows.push(Row::new(format!("during a sync, of {name} without"), "%", with / without * 100.0));
    }
    Ok(())
}

/// Milliseconds of binds, sorted, until it is over.
async fn binds<F>(scratch: &Scratch, free: &mut Vec<(i64, i64)>, over: impl Fn() -> F) -> Result<Vec<f64>>
where
    F: Future<Output = Result<bool>>,
{
    let mut took = Vec::new();
    while !over().await? {
        let (port, service) = free.pop().context("the city has too few free ports for this; give it more boxes")?;
        let started = Instant::now();
        let bind = sqlx::query_scalar(include_str!("sql/sync_bind.sql")).bind(port).bind(service);
        let id: Uuid = bind.fetch_one(&scratch.pool).await?;
        while !sqlx::query_scalar::<_, bool>(include_str!("sql/has_ended.sql"))
            .bind(id)
            .fetch_one(&scratch.pool)
            .await?
        {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        took.push(started.elapsed().as_secs_f64() * 1e3);
    }
    took.sort_by(f64::total_cmp);
    Ok(took)
}

/// The floor: the same rows, copied into empty tables of the same columns, keys and indexes, a table a `COPY`. Rows a second.
async fn copied(scratch: &Scratch, rows: &mut Vec<Row>) -> Result<f64> {
    let mut conn = scratch.pool.acquire().await?;
    let file = std::env::temp_dir().join(format!("enlace_bench_{}", std::process::id()));
    let (mut count, mut seconds) = (0_u64, 0.0);
    for table in ["box", "splitter", "port", "pole", "cable"] {
        let make = format!("create table mapping.copied_{table} (like mapping.{table} including all)");
        sqlx::query(AssertSqlSafe(make)).execute(&mut *conn).await?;
        let mut spool = tokio::fs::File::create(&file).await?;
        let mut out = conn.copy_out_raw(&format!("copy mapping.{table} to stdout")).await?;
        while let Some(chunk) = out.next().await {
            spool.write_all(&chunk?).await?;
        }
        drop(out);
        spool.flush().await?;
        let started = Instant::now();
        let mut copy = conn.copy_in_raw(&format!("copy mapping.copied_{table} from stdin")).await?;
        let mut spool = tokio::fs::File::open(&file).await?;
        let mut chunk = vec![0; 64 * 1024];
        loop {
            let read = spool.read(&mut chunk).await?;
            if read == 0 {
                break;
            }
            copy.send(chunk.get(..read).unwrap_or_default()).await?;
        }
        count += copy.finish().await?;
        seconds += started.elapsed().as_secs_f64();
    }
    tokio::fs::remove_file(&file).await?;
    #[expect(clippy::cast_precision_loss, reason = "a count of rows")]
    let speed = count as f64 / seconds;
    rows.push(Row::new("COPY of the same rows", "s", seconds));
    rows.push(Row::new("COPY of the same rows: speed", "rows/s", speed));
    Ok(speed)
}
