//! A first sync of a simulated OZMap city, and a second one with nothing changed; the simulator is a process of its own.

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
use mapping::integrations::{self, Keeper, New, ProjectChoice};
use platforms::Options;
use secrecy::SecretBox;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use workflows::Ports;

use super::{Row, measure::Spent, scratch::Scratch};
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
    let before = element_writes(&scratch).await?;
    let spent = Spent::now(&scratch.pool).await;
    once(&scratch, integration, "second sync", &mut rows).await?;
    let written = element_writes(&scratch).await? - before;
    #[expect(clippy::cast_precision_loss, reason = "a count of rows")]
    rows.push(Row::new("second sync: element rows written", "", written as f64));
    rows.extend(spent.since(&scratch.pool).await.into_iter().filter(|row| row.unit == "MB"));
    stop.cancel();
    working.await?;
    city.kill().await?;
    ensure!(first > 0.0, "the city is empty");
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
