//! The console before many watchers: how soon each page is there, and what watching costs the worker, with millions of finished
//! workflows and a million ports in the database.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use engine::{
    db,
    leader::{self, Candidate},
};
use platforms::Options;
use reqwest::{Client, header, redirect::Policy};
use secrecy::{ExposeSecret, SecretBox};
use sqlx::PgPool;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::{Row, history, measure::percentile, operation::Ports, scratch::Scratch};
use crate::{
    console::{self, ConsoleState},
    desk::{Setup, connect::Stored, live::Hub, trail},
    tokens::{self, Role},
};

/// A page asks for its moving part no more often than this.
const THROTTLE: Duration = Duration::from_secs(2);

/// What to measure.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Asked {
    /// People who have the overview open.
    #[arg(long, default_value_t = 50)]
    watchers: usize,
    /// Finished workflows.
    #[arg(long, default_value_t = 10_000_000)]
    finished: i64,
    /// Ports.
    #[arg(long, default_value_t = 1_000_000)]
    ports: u32,
    /// How often each page is asked for.
    #[arg(long, short, default_value_t = 100)]
    n: usize,
    /// Workflows of each run of the worker.
    #[arg(long, default_value_t = 30_000)]
    workflows: u32,
    /// Keep the database under this name, and take it again where it is there: filling it takes longest.
    #[arg(long, value_name = "DATABASE")]
    keep: Option<String>,
}

pub(super) async fn run(server: &sqlx::postgres::PgConnectOptions, asked: &Asked) -> Result<Vec<Row>> {
    let (scratch, new) = match &asked.keep {
        Some(name) => Scratch::kept(server, name).await?,
        None => (Scratch::make(server, true).await?, true),
    };
    if new {
        history::fill(&scratch, asked.finished).await?;
    }
    let ports: i64 = sqlx::query_scalar(include_str!("sql/count_ports.sql")).fetch_one(&scratch.pool).await?;
    if ports < i64::from(asked.ports) {
        let boxes = i64::from(asked.ports / 16);
        sqlx::query(include_str!("sql/fill_ports.sql")).bind(boxes).execute(&scratch.pool).await?;
        sqlx::query("vacuum analyze").execute(&scratch.pool).await?;
    }
    write_trail(&scratch.pool).await?;
    let stop = CancellationToken::new();
    let desk = Desk::open(&scratch, &stop).await?;
    let mut rows = vec![desk.first_view().await?];
    let looked = Arc::new(AtomicU64::new(0));
    let mut watching = JoinSet::new();
    // Alone, watched, watched, alone: a drift of the machine falls on both alike.
    let mut alone = drain(&scratch, asked.workflows).await?;
    for _ in 0..asked.watchers {
        watching.spawn(watch(desk.clone(), Arc::clone(&looked)));
    }
    // To come is more than to watch: what is measured begins when all of them have seen their first page.
    while looked.load(Ordering::Relaxed) < asked.watchers as u64 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let watched = drain(&scratch, asked.workflows).await? + drain(&scratch, asked.workflows).await?;
    ensure!(watching.try_join_next().is_none(), "somebody who watched was sent away");
    watching.shutdown().await;
    alone += drain(&scratch, asked.workflows).await?;
    let rate = |seconds: f64| 2.0 * f64::from(asked.workflows) / seconds;
    rows.push(Row::new("worker with nobody watching", "/s", rate(alone)));
    rows.push(Row::new(format!("worker with {} watching", asked.watchers), "/s", rate(watched)));
    rows.push(Row::new("share of the rate with nobody watching", "%", alone / watched * 100.0));
    for _ in 0..asked.watchers {
        watching.spawn(watch(desk.clone(), Arc::clone(&looked)));
    }
    // As a serving enlace does every five seconds.
    write_trail(&scratch.pool).await?;
    desk.pages(asked.n, &mut rows).await?;
    ensure!(watching.try_join_next().is_none(), "somebody who watched was sent away");
    #[expect(clippy::cast_precision_loss, reason = "a count")]
    rows.push(Row::new("times that they looked", "", looked.load(Ordering::Relaxed) as f64));
    watching.shutdown().await;
    stop.cancel();
    scratch.drop().await?;
    Ok(rows)
}

/// Which work touched which port, as a serving enlace keeps it.
async fn write_trail(pool: &PgPool) -> Result<()> {
    let candidate = Candidate { duty: trail::DUTY, name: "bench".to_owned(), lease: Duration::from_secs(3600) };
    let term = leader::take(pool, &candidate).await?.context("somebody else writes the trail of this database")?;
    trail::look(pool, term).await?;
    term.step_down(pool).await?;
    Ok(())
}

/// How long so many three-step workflows take, in seconds.
async fn drain(scratch: &Scratch, n: u32) -> Result<f64> {
    scratch.fill_quietly(n).await?;
    let began = Instant::now();
    let (stop, worker) = scratch.start(Ports::default(), 1000);
    scratch.drained().await?;
    let took = began.elapsed().as_secs_f64();
    stop.cancel();
    worker.await?;
    Ok(took)
}

/// A console that answers, and somebody who is signed in.
#[derive(Clone)]
struct Desk {
    client: Client,
    base: String,
    cookie: String,
    pool: PgPool,
}

impl Desk {
    async fn open(scratch: &Scratch, stop: &CancellationToken) -> Result<Self> {
        let pool = db::pool_options(16).connect_with(scratch.options.clone().options(db::SESSION)).await?;
        let key = Arc::new(SecretBox::new(Box::new([7; 32])));
        let stored = Stored { pool: pool.clone(), key: Arc::clone(&key), options: Options::default() };
        let setup = Setup { key, plain_http: true, accounts: Arc::new(stored) };
        let live = Hub::start(pool.clone(), stop.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let base = format!("http://{}", listener.local_addr()?);
        let router = console::router(ConsoleState::new(pool.clone(), setup, live));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let (_, token) = tokens::create(&pool, Role::Operator, "bench").await?;
        let client = Client::builder().no_proxy().redirect(Policy::none()).build()?;
        let signed_in = client
            .post(format!("{base}/login"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(format!("token={}", token.expose_secret()))
            .send()
            .await?;
        let cookie = signed_in.headers().get(header::SET_COOKIE).context("no session")?.to_str()?;
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        Ok(Self { client, base, cookie, pool })
    }

    fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.client.get(format!("{}{path}", self.base)).header(header::COOKIE, &self.cookie)
    }

    /// What a browser fetches to show the first page.
    async fn first_view(&self) -> Result<Row> {
        let page = self.get("/").send().await?.error_for_status()?.text().await?;
        let mut bytes = page.len();
        for part in page.split('"').filter(|part| part.starts_with("/assets/")) {
            bytes += self.get(part).send().await?.error_for_status()?.bytes().await?.len();
        }
        #[expect(clippy::cast_precision_loss, reason = "a size")]
        Ok(Row::new("first view", "kB", bytes as f64 / 1000.0))
    }

    /// Every page, so many times.
    async fn pages(&self, n: usize, rows: &mut Vec<Row>) -> Result<()> {
        let ids: (uuid::Uuid, i64, i64, i64) =
            sqlx::query_as(include_str!("sql/console_ids.sql")).fetch_one(&self.pool).await?;
        let (workflow, port, caixa, project) = ids;
        for path in [
            "/".to_owned(),
            "/workflows".to_owned(),
            "/workflows?status=parked".to_owned(),
            "/workflows?status=failed".to_owned(),
            "/workflows?status=succeeded&until=2026-11-20T00:00".to_owned(),
            format!("/workflows/{workflow}"),
            format!("/search?q={port}"),
            "/search?q=CTO%20100".to_owned(),
            format!("/ports/{port}"),
            format!("/boxes/{caixa}"),
            "/integrations".to_owned(),
            "/discrepancies".to_owned(),
            format!("/map?project={project}"),
            format!("/map/boxes?project={project}&bbox=-49.80,-27.40,-49.55,-27.17"),
            "/schedules".to_owned(),
            "/acts".to_owned(),
            "/about".to_owned(),
        ] {
            let mut took = Vec::new();
            for _ in 0..n {
                let began = Instant::now();
                let answer = self.get(&path).send().await?;
                let status = answer.status();
                answer.bytes().await?;
                ensure!(status.is_success() || status.is_redirection(), "{path}: {status}");
                took.push(began.elapsed().as_secs_f64() * 1000.0);
            }
            took.sort_by(f64::total_cmp);
            let path = path.replace(&workflow.to_string(), "{id}");
            rows.push(Row::new(format!("{path}, p50"), "ms", percentile(&took, 0.5)));
            rows.push(Row::new(format!("{path}, p95"), "ms", percentile(&took, 0.95)));
        }
        Ok(())
    }
}

/// Has the overview open, as a browser does: listens, and asks for what moved when it is told, for ever.
async fn watch(desk: Desk, looked: Arc<AtomicU64>) -> Result<()> {
    let mut stream = desk.get("/live").send().await?.error_for_status()?;
    let mut last: Option<Instant> = None;
    while stream.chunk().await?.is_some() {
        if last.is_none_or(|at| at.elapsed() >= THROTTLE) {
            last = Some(Instant::now());
            desk.get("/overview").send().await?.error_for_status()?.bytes().await?;
            looked.fetch_add(1, Ordering::Relaxed);
        }
    }
    Ok(())
}
