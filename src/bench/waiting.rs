//! W3: the same three steps, each an HTTP call to a local server that answers after 20 ms; 200 workflows in flight.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use axum::{Router, routing::get};
use sqlx::postgres::PgConnectOptions;
use tokio::net::TcpListener;

use super::{Row, measure::Spent, operation::Ports, scratch::Scratch};

const ANSWER: Duration = Duration::from_millis(20);
const IN_FLIGHT: usize = 200;

pub(super) async fn run(server: &PgConnectOptions, n: u32) -> Result<Vec<Row>> {
    let scratch = Scratch::make(server, true).await?;
    scratch.fill(n).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/", listener.local_addr()?).parse()?;
    let slow = Router::new().route("/", get(|| tokio::time::sleep(ANSWER)));
    let serving = tokio::spawn(async move { axum::serve(listener, slow).await });
    // As a platform's is built: it follows nothing and repeats nothing.
    let client = reqwest::Client::builder()
        .pool_max_idle_per_host(IN_FLIGHT)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .build()?;
    let spent = Spent::now(&scratch.pool).await;
    let started = Instant::now();
    let (stop, worker) = scratch.start(Ports { began: None, server: Some((client, url)) }, IN_FLIGHT);
    scratch.drained().await?;
    let rate = f64::from(n) / started.elapsed().as_secs_f64();
    stop.cancel();
    worker.await?;
    serving.abort();
    ensure!(scratch.ended().await? == i64::from(n), "not every workflow ended well");
    #[expect(clippy::cast_precision_loss, reason = "a count of workflows")]
    let ideal = IN_FLIGHT as f64 / (3.0 * ANSWER.as_secs_f64());
    let mut rows = vec![
        Row::new("workflows of three calls of 20 ms, 200 in flight", "/s", rate),
        Row::new("share of the ideal", "%", rate / ideal * 100.0),
    ];
    rows.extend(spent.since(&scratch.pool).await);
    scratch.drop().await?;
    Ok(rows)
}
