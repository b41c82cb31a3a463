//! A small operation whose payload says what each of its steps does, to try the engine without a platform.
//!
//! `{"keys": ["a"], "plan": ["ok", "transient 2", "write unknown", …]}`: each item is one step. `transient N`, `throttled N`
//! and `unknown` happen on the first attempts, then the step succeeds; `reject`, `unauthorised` and `panic` always. After
//! `unknown blind` the look fails too, as long as the ledger is blind. A person may skip any step.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use engine::{
    Apply, Error,
    registry::Registry,
    retry::Retry,
    upstream::Upstreams,
    worker::{Settings, Worker},
    workflow::{Class, Cx, Decided, Decision, End, Failure, Lane, Next, Step, Text, Workflow, says, to},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::{PgConnection, PgPool};
use strum::{EnumDiscriminants, EnumIter, IntoStaticStr};
use tokio::{sync::Notify, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::db::Db;

/// What the toy's steps did, in order, in this process.
#[derive(Default)]
pub struct Ledger {
    /// (workflow, step, what it did).
    pub done: Mutex<Vec<(Uuid, usize, String)>>,
    tries: Mutex<HashMap<(Uuid, usize), u32>>,
    /// `hold` steps wait for this.
    pub let_go: Notify,
    sees: AtomicBool,
}

impl Ledger {
    /// The workflows in the order in which their first steps ran.
    pub fn order(&self) -> Vec<Uuid> {
        let mut seen = Vec::new();
        for (id, ..) in self.done.lock().unwrap().iter() {
            if !seen.contains(id) {
                seen.push(*id);
            }
        }
        seen
    }

    /// From now on looks after `unknown blind` succeed.
    pub fn see(&self) {
        self.sees.store(true, Ordering::Relaxed);
    }

    /// From now on they fail again.
    pub fn blind(&self) {
        self.sees.store(false, Ordering::Relaxed);
    }

    /// Waits until so many steps of a workflow have begun.
    pub async fn begins(&self, id: Uuid, steps: usize) {
        while self.of(id).len() < steps {
            tokio::task::yield_now().await;
        }
    }

    /// What the steps of a workflow did.
    pub fn of(&self, id: Uuid) -> Vec<(usize, String)> {
        let done = self.done.lock().unwrap();
        done.iter().filter(|(of, ..)| *of == id).map(|(_, step, what)| (*step, what.clone())).collect()
    }
}

/// A row that a step writes to the table `toy_write`; a `None` cannot be written.
#[derive(Clone, Debug)]
pub struct Written(pub Option<String>);

/// Writes [`Written`] rows.
pub struct ToyWrites;

#[async_trait]
impl Apply<Written> for ToyWrites {
    async fn apply(&self, conn: &mut PgConnection, changes: Vec<(Uuid, Written)>) -> Result<(), Error> {
        for (id, Written(what)) in changes {
            sqlx::query("insert into toy_write (id, what) values ($1, $2)")
                .bind(id)
                .bind(what)
                .execute(&mut *conn)
                .await?;
        }
        Ok(())
    }
}

#[derive(Serialize, Deserialize)]
pub struct Input {
    #[serde(default)]
    keys: Vec<String>,
    plan: Vec<String>,
}

#[derive(Serialize, Deserialize, EnumDiscriminants)]
#[serde(tag = "state", rename_all = "snake_case")]
#[strum_discriminants(name(At), derive(EnumIter, IntoStaticStr), strum(serialize_all = "snake_case"))]
pub enum State {
    Working { step: usize },
    Writing { step: usize },
    Looking { step: usize },
    Done,
    Waived,
}

pub struct Toy;

const EAGER: Retry = Retry { first: Duration::from_millis(10), cap: Duration::from_millis(40), attempts: 4 };

impl Workflow for Toy {
    const NAME: &'static str = "toy";
    const LANE: Lane = Lane::Change;
    const ABOUT: Text = says("brinquedo", "toy");
    type Input = Input;
    type State = State;
    type At = At;
    type Ports = Ledger;
    type Change = Written;
    type Error = Failure;

    fn keys(input: &Input) -> Vec<String> {
        input.keys.clone()
    }
    fn begin(_input: &Input) -> State {
        State::Working { step: 0 }
    }
    fn step(at: At) -> Step<At> {
        use At::*;
        match at {
            Working => Step::look(says("trabalhar", "work"), EAGER, &[Working, Writing, Done]),
            Writing => Step::write(says("escrever", "write"), EAGER, Looking, &[Working, Writing, Done]),
            Looking => Step::look(says("olhar", "look"), EAGER, &[Writing, Working, Done]),
            Done => Step::end(End::Succeeded, says("feito", "done")),
            Waived => Step::end(End::NotApplicable, says("dispensado", "waived")),
        }
    }
    async fn advance(state: State, cx: &Cx<'_, Self>) -> Result<Next<State, Written>, Failure> {
        match state {
            State::Done | State::Waived => Ok(to(state)),
            State::Working { step } | State::Writing { step } => act(step, cx).await,
            State::Looking { step } => {
                cx.ports.done.lock().unwrap().push((cx.id, step, "look".to_owned()));
                let blind = cx.input.plan.get(step).is_some_and(|what| what.ends_with("blind"));
                if blind && !cx.ports.sees.load(Ordering::Relaxed) {
                    return Err(Failure::new(
                        Class::Rejected,
                        "toy.blind",
                        "a plataforma não diz / the platform does not say",
                    ));
                }
                Ok(to(after(step, cx.input)))
            }
        }
    }
    fn in_trouble(_input: &Input, trouble: &engine::workflow::Trouble<'_>) -> Vec<Written> {
        vec![Written(Some(format!("trouble: {}", trouble.failure.code)))]
    }
    fn decisions(at: At) -> &'static [(Decision, At)] {
        match at {
            At::Done | At::Waived => &[],
            _ => &[(Decision::Skip, At::Waived), (Decision::Approve, At::Done), (Decision::Refuse, At::Waived)],
        }
    }
    fn decided(_state: State, by: &Decided<'_>) -> Option<State> {
        match by.decision {
            Decision::Skip | Decision::Refuse => Some(State::Waived),
            Decision::Approve => Some(State::Done),
            Decision::Done | Decision::NotDone => None,
        }
    }
}

fn after(step: usize, input: &Input) -> State {
    match input.plan.get(step + 1) {
        None => State::Done,
        Some(what) if what.starts_with("write") => State::Writing { step: step + 1 },
        Some(_) => State::Working { step: step + 1 },
    }
}

async fn act(step: usize, cx: &Cx<'_, Toy>) -> Result<Next<State, Written>, Failure> {
    let plan = cx.input.plan.get(step).cloned().unwrap_or_default();
    let what = plan.trim_start_matches("write ").to_owned();
    let tries = {
        let mut tries = cx.ports.tries.lock().unwrap();
        let tries = tries.entry((cx.id, step)).or_default();
        *tries += 1;
        *tries
    };
    cx.ports.done.lock().unwrap().push((cx.id, step, what.clone()));
    let (word, number) = what.split_once(' ').unwrap_or((&what, "1"));
    let number: u32 = number.parse().unwrap_or(1);
    let failure = |class| Failure::new(class, "toy.asked", "the plan says so");
    match word {
        "transient" if tries <= number => return Err(failure(Class::Transient)),
        "unknown" if tries <= 1 => return Err(failure(Class::Unknown)),
        "reject" => return Err(failure(Class::Rejected)),
        "throttled" if tries <= 1 => {
            let mut f = failure(Class::Throttled);
            f.upstream = Some("toy:1".to_owned());
            f.retry_after = Some(Duration::from_secs(number.into()));
            return Err(f);
        }
        "unauthorised" if tries <= 1 => {
            let mut f = failure(Class::Unauthorised);
            f.upstream = Some("toy:1".to_owned());
            return Err(f);
        }
        "panic" => panic!("the plan says so"),
        "undeclared" => return Ok(to(State::Looking { step })),
        "hold" => {
            cx.ports.let_go.notified().await;
            if what.ends_with("reject") {
                return Err(failure(Class::Rejected));
            }
        }
        "unwritable" => return Ok(to(after(step, cx.input)).writing([Written(None)])),
        _ => {}
    }
    Ok(to(after(step, cx.input)).writing([Written(Some(format!("{step} {what}")))]))
}

/// A worker in this process.
pub struct Running {
    pub ledger: Arc<Ledger>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
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

/// Starts a worker that knows the toy.
pub fn start(db: &Db, ledger: &Arc<Ledger>) -> Running {
    start_with(db, ledger, Settings { idle_poll: Duration::from_millis(100), connections: 4, ..Settings::default() })
}

/// The same, with settings.
pub fn start_with(db: &Db, ledger: &Arc<Ledger>, settings: Settings) -> Running {
    let registry = Registry::default().with::<Toy>(Arc::clone(ledger));
    start_registry(db, ledger, registry, settings)
}

/// The same, with operations.
pub fn start_registry(db: &Db, ledger: &Arc<Ledger>, registry: Registry<Written>, settings: Settings) -> Running {
    let settings = super::paths::worker(settings);
    let worker = Worker::new(Arc::new(registry), Arc::new(ToyWrites), Arc::new(Upstreams::default()), settings);
    let (stop, options) = (CancellationToken::new(), db.options().clone());
    let told = stop.clone();
    let task = tokio::spawn(async move { worker.run(options, told).await });
    Running { ledger: Arc::clone(ledger), stop, task }
}

/// A database that takes the toy.
pub async fn db() -> Db {
    on(Db::new().await).await
}

/// This one, made to take the toy.
pub async fn on(db: Db) -> Db {
    let _set_by_another_test = tracing_subscriber::fmt().with_env_filter("info").with_test_writer().try_init();
    for statement in [
        "create table toy_write (id uuid not null, what text not null)",
        "create or replace function enlace.admitted(kind text, payload jsonb) returns jsonb language sql as 'select payload'",
    ] {
        sqlx::query(statement).execute(&db.pool()).await.unwrap();
    }
    db
}

/// Enqueues a toy.
pub async fn enqueue(conn: impl sqlx::PgExecutor<'_>, keys: &[&str], plan: &[&str]) -> Uuid {
    let payload = json!({ "keys": keys, "plan": plan });
    let row: (Uuid,) = sqlx::query_as("select enlace.enqueue('toy', $1)").bind(payload).fetch_one(conn).await.unwrap();
    row.0
}

/// Status, state and explanation in English.
pub async fn status(pool: &PgPool, id: Uuid) -> (String, Option<String>, String) {
    let row: (String, Option<String>, Value) =
        sqlx::query_as("select status, state, explanation from enlace.status($1)")
            .bind(id)
            .fetch_one(pool)
            .await
            .unwrap();
    (row.0, row.1, row.2["en"].as_str().unwrap_or_default().to_owned())
}

/// The outcomes of a workflow's attempts, in order.
pub async fn outcomes(pool: &PgPool, id: Uuid) -> Vec<String> {
    let rows: Vec<(String,)> = sqlx::query_as("select outcome from enlace.step where id = $1 order by n, attempt")
        .bind(id)
        .fetch_all(pool)
        .await
        .unwrap();
    rows.into_iter().map(|(o,)| o).collect()
}

/// Waits until a workflow has this status; says how it stands if it never does.
pub async fn reaches(pool: &PgPool, id: Uuid, wanted: &str) {
    for _ in 0..1500 {
        if status(pool, id).await.0 == wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{id} is not {wanted} but {:?}; attempts {:?}", status(pool, id).await, outcomes(pool, id).await);
}

/// Waits until this holds; names it if it never does.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..1500 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}

/// Lets go whatever holds, until the workflow has ended.
pub async fn let_go(pool: &PgPool, ledger: &Ledger, id: Uuid) {
    for _ in 0..1500 {
        ledger.let_go.notify_waiters();
        if status(pool, id).await.0 == "succeeded" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{:?}; attempts {:?}", status(pool, id).await, outcomes(pool, id).await);
}

/// Moves the engine's time forward.
pub async fn pass(pool: &PgPool, time: Duration) {
    sqlx::query("select setval('enlace.clock_shift', coalesce(pg_sequence_last_value('enlace.clock_shift'), 0) + $1)")
        .bind(i64::try_from(time.as_millis()).unwrap())
        .execute(pool)
        .await
        .unwrap();
}
