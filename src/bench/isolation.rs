//! G13: one upstream is dead and has a large backlog, another one answers: what the dead one costs the other's workflows, from
//! their commit to their end. Calls pass the engine's own gate, each upstream under an id of its own.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Result;
use axum::{Router, routing::get};
use engine::{
    registry::Registry,
    retry::Retry,
    upstream::{Ended, Upstreams},
    workflow::{Class, Cx, End, Failure, Lane, Next, Step, Text, Workflow, says, to},
};
use serde::{Deserialize, Serialize};
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use strum::{EnumDiscriminants, EnumIter, IntoStaticStr};
use tokio::net::TcpListener;
use uuid::Uuid;

use super::{Row, measure::percentile, scratch::Scratch};

const CLIENTS: u32 = 32;
const HANDS: usize = 1000;
/// How long the upstream that is not dead takes to answer.
const ANSWER: Duration = Duration::from_millis(5);
/// As patient as the product is with a look (`platforms::http::Timeouts`).
const PATIENCE: Duration = Duration::from_secs(20);
const DEAD: &str = "bench:dead";

/// What to measure.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct Asked {
    /// Workflows that wait for the dead upstream.
    #[arg(long, default_value_t = 20_000)]
    backlog: u32,
    /// Workflows of the other upstream offered a second.
    #[arg(long, default_value_t = 200)]
    rate: u32,
    /// Seconds of each run.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
}

/// How the dead upstream is dead.
#[derive(Clone, Copy, PartialEq)]
enum Dead {
    /// It is not: nothing waits for it.
    No,
    Hanging,
    Refusing,
}

const CASES: [(&str, Dead); 3] =
    [("alone", Dead::No), ("beside one that hangs", Dead::Hanging), ("beside one that refuses", Dead::Refusing)];

pub(super) async fn run(server: &PgConnectOptions, asked: Asked) -> Result<Vec<Row>> {
    let mut took: [Vec<f64>; 3] = Default::default();
    // There and back again: a drift of the machine falls on all alike.
    for case in [0, 1, 2, 2, 1, 0] {
        took[case].extend(beside(server, asked, CASES[case].1).await?);
    }
    let mut rows = Vec::new();
    for share in [0.5, 0.99] {
        let name = format!("p{:.0}", share * 100.0);
        let mut alone = f64::NAN;
        for ((what, dead), took) in CASES.iter().zip(&mut took) {
            took.sort_by(f64::total_cmp);
            let value = percentile(took, share);
            rows.push(Row::new(format!("commit to end of three calls, {what}, {name}"), "ms", value));
            match dead {
                Dead::No => alone = value,
                _ => rows.push(Row::new(format!("{what}, of {name} alone"), "%", value / alone * 100.0)),
            }
        }
    }
    Ok(rows)
}

/// The milliseconds of each workflow of the upstream that answers.
async fn beside(server: &PgConnectOptions, asked: Asked, dead: Dead) -> Result<Vec<f64>> {
    let scratch = Scratch::make(server, true).await?;
    if dead != Dead::No {
        sqlx::query(include_str!("sql/fill_dead.sql")).bind(i64::from(asked.backlog)).execute(&scratch.pool).await?;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let router = Router::new()
        .route("/alive", get(|| tokio::time::sleep(ANSWER)))
        .route("/hangs", get(std::future::pending::<()>));
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    let upstreams = Arc::new(Upstreams::default());
    let ports = Ports {
        upstreams: Arc::clone(&upstreams),
        client: reqwest::Client::builder().timeout(PATIENCE).no_proxy().build()?,
        alive: format!("{url}/alive"),
        // Nobody listens at port 1.
        dead: if dead == Dead::Hanging { format!("{url}/hangs") } else { "http://127.0.0.1:1/".to_owned() },
    };
    let registry = Registry::default().with::<Calls>(Arc::new(ports));
    let (stop, worker) = scratch.start_with(registry, upstreams, HANDS);
    while !sqlx::query_scalar::<_, bool>(include_str!("sql/settled.sql")).fetch_one(&scratch.pool).await? {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let took = offered(&scratch, asked.rate, Duration::from_secs(asked.seconds) / 2).await?;
    stop.cancel();
    worker.await?;
    serving.abort();
    scratch.drop().await?;
    Ok(took)
}

/// Offers them at this rate for so long. The time counts from when each was to be enqueued, so that one whose client was kept
/// by the one before is seen to be slow, too.
async fn offered(scratch: &Scratch, rate: u32, length: Duration) -> Result<Vec<f64>> {
    let next = Arc::new(AtomicU32::new(0));
    let mut clients = Vec::new();
    let started = Instant::now() + Duration::from_millis(500);
    for _ in 0..CLIENTS {
        let mut conn = PgConnection::connect_with(&scratch.options).await?;
        let next = Arc::clone(&next);
        clients.push(tokio::spawn(async move {
            let mut took = Vec::new();
            loop {
                let due = Duration::from_secs_f64(f64::from(next.fetch_add(1, Ordering::Relaxed)) / f64::from(rate));
                if due > length {
                    return Ok::<_, sqlx::Error>(took);
                }
                tokio::time::sleep_until((started + due).into()).await;
                one(&mut conn).await?;
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

/// Enqueues one and waits until its end can be seen.
async fn one(conn: &mut PgConnection) -> sqlx::Result<()> {
    let (id,): (Uuid,) = sqlx::query_as(include_str!("sql/enqueue_alive.sql")).fetch_one(&mut *conn).await?;
    loop {
        tokio::time::sleep(Duration::from_millis(1)).await;
        if sqlx::query_scalar(include_str!("sql/has_ended.sql")).bind(id).fetch_one(&mut *conn).await? {
            return Ok(());
        }
    }
}

struct Ports {
    upstreams: Arc<Upstreams>,
    client: reqwest::Client,
    alive: String,
    dead: String,
}

#[derive(Serialize, Deserialize)]
struct Input {
    upstream: String,
    pad: String,
}

#[derive(Serialize, Deserialize, EnumDiscriminants)]
#[serde(tag = "state", rename_all = "snake_case")]
#[strum_discriminants(name(At), derive(EnumIter, IntoStaticStr), strum(serialize_all = "snake_case"))]
enum State {
    First,
    Second,
    Third,
    Done,
}

/// Three steps, each one call to the upstream that the payload names.
struct Calls;

impl Workflow for Calls {
    const NAME: &'static str = "bench";
    const LANE: Lane = Lane::Change;
    const ABOUT: Text = says("três chamadas", "three calls");
    type Input = Input;
    type State = State;
    type At = At;
    type Ports = Ports;
    type Change = ();
    type Error = Failure;

    fn keys(_input: &Input) -> Vec<String> {
        Vec::new()
    }
    fn begin(_input: &Input) -> State {
        State::First
    }
    fn step(at: At) -> Step<At> {
        const PATIENT: Retry = Retry { first: Duration::from_secs(1), cap: Duration::from_secs(60), attempts: 20 };
        match at {
            At::First => Step::look(says("primeira", "first"), PATIENT, &[At::Second]),
            At::Second => Step::look(says("segunda", "second"), PATIENT, &[At::Third]),
            At::Third => Step::look(says("terceira", "third"), PATIENT, &[At::Done]),
            At::Done => Step::end(End::Succeeded, says("feito", "done")),
        }
    }
    async fn advance(state: State, cx: &Cx<'_, Self>) -> Result<Next<State, ()>, Failure> {
        cx.ports.call(&cx.input.upstream).await?;
        Ok(to(match state {
            State::First => State::Second,
            State::Second => State::Third,
            State::Third | State::Done => State::Done,
        }))
    }
}

impl Ports {
    /// As an account calls (`app::accounts`): through the gate, which is told how it went.
    async fn call(&self, upstream: &str) -> Result<(), Failure> {
        let permit = self.upstreams.admit(upstream).await.map_err(|refused| refused.failure(upstream))?;
        let url = if upstream == DEAD { &self.dead } else { &self.alive };
        match self.client.get(url).send().await {
            Ok(_) => {
                permit.ended(Ended::Answered);
                Ok(())
            }
            Err(lost) => {
                let words = lost.to_string();
                permit.ended(Ended::Failed { answered: false, words: words.clone() });
                let failure = Failure::new(Class::Transient, "bench.call", words);
                Err(Failure { upstream: Some(upstream.to_owned()), ..failure })
            }
        }
    }
}
