//! Operations that each make one HTTP call through the engine's gate, a kind per lane, and a server that counts and obeys orders.
//!
//! `{"upstream": "u:1", "path": "/x"}`: the server sees the path, so that a test knows whose call it was.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{Router, extract::State, http::StatusCode, http::Uri, response::IntoResponse};
use engine::{
    attempt,
    registry::Registry,
    retry::Retry,
    upstream::{Ended, Upstreams},
    worker::{Settings, Worker},
    workflow::{Class, Cx, End, Failure, Lane, Next, Step, Text, Workflow, says, to},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgPool;
use strum::{EnumDiscriminants, EnumIter, IntoStaticStr};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    db::Db,
    toy::{ToyWrites, Written},
};

/// What the server does with calls.
#[derive(Clone, Debug)]
pub enum Does {
    /// Answers 200 after so long.
    Answers(Duration),
    /// Answers with this status, and `Retry-After` where it has one.
    Fails(u16, Option<u64>),
    /// Never answers.
    Hangs,
}

#[derive(Debug, Default)]
struct Seen {
    calls: Vec<(Instant, String)>,
    now: usize,
    most: usize,
}

/// A platform.
#[derive(Clone)]
pub struct Platform {
    pub url: String,
    does: Arc<Mutex<Does>>,
    seen: Arc<Mutex<Seen>>,
}

/// Counts a call out, also when its caller hangs up.
struct Within(Arc<Mutex<Seen>>);

impl Drop for Within {
    fn drop(&mut self) {
        self.0.lock().unwrap().now -= 1;
    }
}

impl Platform {
    /// A server on loopback.
    pub async fn start(does: Does) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let this = Self { url, does: Arc::new(Mutex::new(does)), seen: Arc::default() };
        let router = Router::new().fallback(answer).with_state(this.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        this
    }

    /// From now on it does this.
    pub fn now(&self, does: Does) {
        *self.does.lock().unwrap() = does;
    }

    /// When each call came, and its path.
    pub fn calls(&self) -> Vec<(Instant, String)> {
        self.seen.lock().unwrap().calls.clone()
    }

    /// How many calls came.
    pub fn count(&self) -> usize {
        self.seen.lock().unwrap().calls.len()
    }

    /// Most calls at once so far.
    pub fn most_at_once(&self) -> usize {
        self.seen.lock().unwrap().most
    }

    /// Counts most calls at once anew, from the next one on.
    pub fn forgets_most(&self) {
        self.seen.lock().unwrap().most = 0;
    }

    /// Waits until so many calls have come.
    pub async fn sees(&self, calls: usize) {
        for _ in 0..6000 {
            if self.count() >= calls {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{} calls came, not {calls}", self.count());
    }
}

async fn answer(State(platform): State<Platform>, uri: Uri) -> axum::response::Response {
    let _within = {
        let mut seen = platform.seen.lock().unwrap();
        seen.calls.push((Instant::now(), uri.path().to_owned()));
        seen.now += 1;
        seen.most = seen.most.max(seen.now);
        Within(Arc::clone(&platform.seen))
    };
    let does = platform.does.lock().unwrap().clone();
    match does {
        Does::Answers(after) => {
            tokio::time::sleep(after).await;
            StatusCode::OK.into_response()
        }
        Does::Fails(status, pause) => {
            let status = StatusCode::from_u16(status).unwrap();
            pause.map_or_else(
                || status.into_response(),
                |seconds| (status, [("retry-after", seconds.to_string())]).into_response(),
            )
        }
        Does::Hangs => std::future::pending().await,
    }
}

#[derive(Serialize, Deserialize)]
pub struct Input {
    upstream: String,
    url: String,
}

#[derive(Serialize, Deserialize, EnumDiscriminants)]
#[serde(tag = "state", rename_all = "snake_case")]
#[strum_discriminants(name(At), derive(EnumIter, IntoStaticStr), strum(serialize_all = "snake_case"))]
pub enum Stands {
    Calling,
    Done,
}

/// What a call needs.
pub struct Phone {
    upstreams: Arc<Upstreams>,
    client: reqwest::Client,
}

/// One call, in lane `LANE`.
pub struct Caller<const LANE: usize>;

const PATIENT: Retry = Retry { first: Duration::from_millis(20), cap: Duration::from_secs(2), attempts: 20 };
const NAMES: [&str; 3] = ["call_interactive", "call_change", "call_bulk"];

impl<const LANE: usize> Workflow for Caller<LANE> {
    const NAME: &'static str = NAMES[LANE];
    const LANE: Lane = [Lane::Interactive, Lane::Change, Lane::Bulk][LANE];
    const ABOUT: Text = says("uma chamada", "one call");
    type Input = Input;
    type State = Stands;
    type At = At;
    type Ports = Phone;
    type Change = Written;
    type Error = Failure;

    fn keys(_input: &Input) -> Vec<String> {
        Vec::new()
    }
    fn begin(_input: &Input) -> Stands {
        Stands::Calling
    }
    fn step(at: At) -> Step<At> {
        match at {
            At::Calling => Step::look(says("chamar", "call"), PATIENT, &[At::Done]),
            At::Done => Step::end(End::Succeeded, says("feito", "done")),
        }
    }
    async fn advance(state: Stands, cx: &Cx<'_, Self>) -> Result<Next<Stands, Written>, Failure> {
        if matches!(state, Stands::Calling) {
            cx.ports.call(cx.input).await?;
        }
        Ok(to(Stands::Done))
    }
}

impl Phone {
    async fn call(&self, input: &Input) -> Result<(), Failure> {
        let permit = self.upstreams.admit(&input.upstream).await.map_err(|refused| refused.failure(&input.upstream))?;
        let answered = self.client.get(&input.url).send().await;
        let status = answered.as_ref().ok().map(|a| a.status().as_u16());
        attempt::note_call(attempt::Call { method: "GET".to_owned(), path: "/".to_owned(), status, ms: 0 });
        let failure = |class, words: &str| {
            let failure = Failure::new(class, "caller.failed", words);
            Failure { upstream: Some(input.upstream.clone()), ..failure }
        };
        let Some(answer) = answered.ok() else {
            permit.ended(Ended::Failed { answered: false, words: "no answer".to_owned() });
            return Err(failure(Class::Transient, "no answer"));
        };
        let words = format!("the platform said {}", answer.status().as_u16());
        let asked = answer.headers().get("retry-after").and_then(|h| h.to_str().ok()?.parse().ok());
        let retry_after = asked.map(Duration::from_secs);
        match answer.status().as_u16() {
            200 => permit.ended(Ended::Answered),
            429 => {
                permit.ended(Ended::Throttled { retry_after, words: words.clone() });
                return Err(Failure { retry_after, ..failure(Class::Throttled, &words) });
            }
            _ => {
                permit.ended(Ended::Failed { answered: true, words: words.clone() });
                return Err(failure(Class::Transient, &words));
            }
        }
        Ok(())
    }
}

/// A worker in this process, with a gate of its own.
pub struct Working {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Working {
    /// Stops it in order.
    pub async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }

    /// Kills it: nothing is handed over, nothing more is recorded.
    pub async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

/// Starts a worker that holds so many workflows at once, and waits so long for an answer.
pub fn start(db: &Db, in_flight: usize, timeout: Duration) -> Working {
    let upstreams = Arc::new(Upstreams::default());
    let _installed_by_another_test = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().timeout(timeout).no_proxy().build().unwrap();
    let phone = Arc::new(Phone { upstreams: Arc::clone(&upstreams), client });
    let registry = Registry::default()
        .with::<Caller<0>>(Arc::clone(&phone))
        .with::<Caller<1>>(Arc::clone(&phone))
        .with::<Caller<2>>(phone);
    let settings = Settings { idle_poll: Duration::from_millis(100), connections: 4, in_flight, ..Settings::default() };
    let worker = Worker::new(Arc::new(registry), Arc::new(ToyWrites), upstreams, settings);
    let (stop, options) = (CancellationToken::new(), db.options().clone());
    let told = stop.clone();
    Working { stop, task: tokio::spawn(async move { worker.run(options, told).await }) }
}

/// Enqueues `count` calls in a lane; the path tells them apart from others.
pub async fn enqueue(
    pool: &PgPool,
    lane: usize,
    count: usize,
    upstream: &str,
    platform: &Platform,
    path: &str,
) -> Vec<Uuid> {
    let payload = json!({ "upstream": upstream, "url": format!("{}{path}", platform.url) });
    sqlx::query_scalar("select enlace.enqueue($1, $2) from generate_series(1, $3)")
        .bind(NAMES[lane])
        .bind(payload)
        .bind(i32::try_from(count).unwrap())
        .fetch_all(pool)
        .await
        .unwrap()
}

/// Waits until so many have ended well.
pub async fn succeed(pool: &PgPool, count: usize) {
    let mut ended = 0;
    for _ in 0..6000 {
        ended = ended_well(pool).await;
        if ended >= count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let stands: Vec<(String, Option<String>, i64)> =
        sqlx::query_as("select status, upstream, count(*) from enlace.run group by 1, 2")
            .fetch_all(pool)
            .await
            .unwrap();
    panic!("{ended} of {count} have ended; the others: {stands:?}");
}

/// How many have ended well.
pub async fn ended_well(pool: &PgPool) -> usize {
    let count: i64 = sqlx::query_scalar("select count(*) from enlace.finished where status = 'succeeded'")
        .fetch_one(pool)
        .await
        .unwrap();
    usize::try_from(count).unwrap()
}
