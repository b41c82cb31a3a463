//! Viability with a million ports in the database (rule V3): what enlace adds to the platform's own answer, over real HTTP and a
//! simulated OZMap that is a process of its own.

use std::{sync::Arc, time::Instant};

use anyhow::{Context, Result, ensure};
use engine::{
    db,
    upstream::Upstreams,
    worker::{Settings, Worker},
};
use platforms::Options;
use rand::{Rng, SeedableRng, rngs::SmallRng};
use secrecy::{ExposeSecret, SecretBox};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use workflows::Ports;

use super::{Row, measure::percentile, scratch::Scratch, sync};
use crate::{
    api::{self, ApiState},
    app::{self, Accounts, Applied, Hubsoft},
    desk::{Setup, connect::Stored, live::Hub},
    tokens::{self, Role},
};

/// Boxes of the simulated city, which HubSoft has by a sync; the rest is filled in.
const CITY: u32 = 2_000;
/// A corner of the simulated city, and how far it reaches to the north and to the east, in degrees.
const CORNER: (f64, f64) = (-27.40, -49.80);
const REACH: f64 = 0.04;
/// Metres.
const RADIUS: u32 = 300;

/// Asks `n` times, one after the other, with so many ports in the database.
pub(super) async fn run(server: &sqlx::postgres::PgConnectOptions, n: u32, ports: u32) -> Result<Vec<Row>> {
    let scratch = Scratch::make(server, false).await?;
    let (mut city, url, key) = sync::simulated(CITY).await?;
    let integration = sync::integrate(&scratch, &url, &key).await?;
    // As `enlace serve` connects.
    let pool = db::pool_options(8).connect_with(scratch.options.clone().options(db::SESSION)).await?;
    let key = Arc::new(SecretBox::new(Box::new([7; 32])));
    let options = Options { allow_private: true, ..Options::default() };
    let stored = Arc::new(Stored { pool: pool.clone(), key: Arc::clone(&key), options });
    let upstreams = Arc::new(Upstreams::default());
    let accounts = Accounts::new(Arc::clone(&stored), Arc::clone(&upstreams));
    let ports_of = Ports { network: Arc::new(Hubsoft::new(pool.clone())), maps: Arc::new(accounts) };
    let worker = Worker::new(Arc::new(app::operations(ports_of)), Arc::new(Applied), upstreams, Settings::default());
    let (stop, options) = (CancellationToken::new(), scratch.options.clone());
    let told = stop.clone();
    let working = tokio::spawn(async move { worker.run(options, told).await });
    sync::once(&scratch, integration, "sync", &mut Vec::new()).await?;
    sqlx::query(include_str!("sql/fill_ports.sql")).bind(i64::from(ports / 16)).execute(&pool).await?;
    sqlx::query("vacuum analyze").execute(&pool).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = format!("http://{}/api/v1/viability", listener.local_addr()?);
    let setup = Setup { key, plain_http: true, accounts: stored };
    let live = Hub::start(pool.clone(), CancellationToken::new());
    let router = api::router(ApiState::new(pool.clone(), setup, live));
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    let rows = asked(&pool, &base, n).await;
    stop.cancel();
    working.await?;
    serving.abort();
    city.kill().await?;
    pool.close().await;
    scratch.drop().await?;
    rows
}

async fn asked(pool: &PgPool, base: &str, n: u32) -> Result<Vec<Row>> {
    let (_, token) = tokens::create(pool, Role::Enqueue, "bench").await?;
    let client = reqwest::Client::builder().no_proxy().build()?;
    let mut rng = SmallRng::seed_from_u64(1);
    let (mut whole, mut boxes) = (Vec::new(), 0);
    for _ in 0..n {
        let question = json!({ "latitude": CORNER.0 + rng.random_range(0.0..REACH), "raio": RADIUS,
            "longitude": CORNER.1 + rng.random_range(0.0..REACH) });
        let began = Instant::now();
        let asked = client.post(base).bearer_auth(token.expose_secret()).json(&question).send().await?;
        let answer: Value = asked.error_for_status()?.json().await?;
        whole.push(began.elapsed().as_secs_f64() * 1000.0);
        let answer = &answer["resultado"];
        ensure!(answer["origem"] == "plataforma", "the platform was not asked: {answer}");
        let projects = answer["projetos"].as_array().context("an answer without projects")?;
        let data = |p: &Value| p.pointer("/busca/elementos/data").and_then(Value::as_array).map_or(0, Vec::len);
        boxes += projects.iter().map(data).sum::<usize>();
    }
    let platform: Vec<f64> = sqlx::query_scalar(include_str!("sql/viability_calls.sql")).fetch_all(pool).await?;
    ensure!(platform.len() == whole.len(), "{} of {} questions are in the history", platform.len(), whole.len());
    let added: Vec<f64> = whole.iter().zip(&platform).map(|(whole, platform)| whole - platform).collect();
    let held: i64 = sqlx::query_scalar(include_str!("sql/count_ports.sql")).fetch_one(pool).await?;
    #[expect(clippy::cast_precision_loss, reason = "counts")]
    let mut rows = vec![
        Row::new("ports in the database", "", held as f64),
        Row::new("boxes of an answer, on average", "", boxes as f64 / f64::from(n)),
    ];
    for (what, mut values) in
        [("what enlace adds", added), ("the platform's own answer", platform), ("the whole", whole)]
    {
        values.sort_by(f64::total_cmp);
        rows.push(Row::new(format!("{what}, p50"), "ms", percentile(&values, 0.5)));
        rows.push(Row::new(format!("{what}, p99"), "ms", percentile(&values, 0.99)));
    }
    rows.extend(parts(pool).await?);
    Ok(rows)
}

/// Where the time goes inside; what is missing of the whole is HTTP, the enqueueing and the noticing of the end.
async fn parts(pool: &PgPool) -> Result<Vec<Row>> {
    let parts: Vec<(f64, f64, f64)> = sqlx::query_as(include_str!("sql/viability_parts.sql")).fetch_all(pool).await?;
    let parts: Vec<[f64; 3]> = parts.into_iter().map(<[f64; 3]>::from).collect();
    let names = [
        "from the enqueueing to a worker's first step",
        "reading and searching, beside the platform's answer",
        "recording the end",
    ];
    let rows = names.into_iter().enumerate().flat_map(|(n, name)| {
        let mut values: Vec<f64> = parts.iter().map(|part| part[n]).collect();
        values.sort_by(f64::total_cmp);
        [0.5, 0.99].map(|share| Row::new(format!("{name}, p{:.0}", share * 100.0), "ms", percentile(&values, share)))
    });
    Ok(rows.collect())
}
