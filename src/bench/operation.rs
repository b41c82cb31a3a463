//! The benchmark's own operation: three durable steps that do nothing, or wait for a local server.

use std::time::Duration;

use async_trait::async_trait;
use engine::{
    Apply, Error,
    retry::Retry,
    workflow::{Class, Cx, End, Failure, Lane, Next, Step, Text, Workflow, says, to},
};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use strum::{EnumDiscriminants, EnumIter, IntoStaticStr};
use tokio::sync::mpsc;
use url::Url;
use uuid::Uuid;

const ONCE: Retry = Retry { first: Duration::from_secs(1), cap: Duration::from_secs(1), attempts: 3 };

/// What the operation touches: who is told when a first step begins, and the server to wait for.
#[derive(Default)]
pub(super) struct Ports {
    pub(super) began: Option<mpsc::UnboundedSender<(Uuid, std::time::Instant)>>,
    pub(super) server: Option<(reqwest::Client, Url)>,
}

/// It writes nothing.
pub(super) struct NoChanges;

#[async_trait]
impl Apply<()> for NoChanges {
    async fn apply(&self, _conn: &mut PgConnection, _changes: Vec<(Uuid, ())>) -> Result<(), Error> {
        Ok(())
    }
}

/// About 300 bytes.
#[derive(Serialize, Deserialize)]
pub(super) struct Input {
    order: i64,
    pad: String,
}

/// Three steps, each with a small result.
#[derive(Serialize, Deserialize, EnumDiscriminants)]
#[serde(tag = "state", rename_all = "snake_case")]
#[strum_discriminants(name(At), derive(EnumIter, IntoStaticStr), strum(serialize_all = "snake_case"))]
pub(super) enum State {
    First,
    Second { ok: i32 },
    Third { ok: i32 },
    Done { ok: i32 },
}

fn table(at: At) -> Step<At> {
    match at {
        At::First => Step::look(says("primeiro", "first"), ONCE, &[At::Second]),
        At::Second => Step::look(says("segundo", "second"), ONCE, &[At::Third]),
        At::Third => Step::look(says("terceiro", "third"), ONCE, &[At::Done]),
        At::Done => Step::end(End::Succeeded, says("feito", "done")),
    }
}

fn next(state: State) -> Next<State, ()> {
    match state {
        State::First => to(State::Second { ok: 1 }),
        State::Second { ok } => to(State::Third { ok: ok + 1 }),
        State::Third { ok } | State::Done { ok } => to(State::Done { ok: ok + 1 }),
    }
}

/// The operation.
pub(super) struct Bench;

impl Workflow for Bench {
    const NAME: &'static str = "bench";
    const LANE: Lane = Lane::Change;
    const ABOUT: Text = says("três passos sem trabalho", "three steps without work");
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
        table(at)
    }
    async fn advance(state: State, cx: &Cx<'_, Self>) -> Result<Next<State, ()>, Failure> {
        if let (State::First, Some(began)) = (&state, &cx.ports.began) {
            // Nobody listens in the throughput run.
            let _unheard = began.send((cx.id, std::time::Instant::now()));
        }
        if let Some((client, url)) = &cx.ports.server {
            let lost = |e: reqwest::Error| Failure::new(Class::Transient, "bench.call", e.to_string());
            client.get(url.clone()).send().await.map_err(lost)?.bytes().await.map_err(lost)?;
        }
        Ok(next(state))
    }
}

/// What HubSoft sends for a bind.
#[derive(Serialize, Deserialize)]
pub(super) struct Bind {
    id_porta_atendimento: i64,
    id_cliente_servico: i64,
}

/// The same three steps under the name, the payload and the ordering keys of a bind, so that what HubSoft enqueues is real.
pub(super) struct AsBind;

impl Workflow for AsBind {
    const NAME: &'static str = "bind";
    const LANE: Lane = Lane::Change;
    const ABOUT: Text = says("três passos sem trabalho", "three steps without work");
    type Input = Bind;
    type State = State;
    type At = At;
    type Ports = Ports;
    type Change = ();
    type Error = Failure;

    fn keys(input: &Bind) -> Vec<String> {
        vec![format!("port:{}", input.id_porta_atendimento), format!("service:{}", input.id_cliente_servico)]
    }
    fn begin(_input: &Bind) -> State {
        State::First
    }
    fn step(at: At) -> Step<At> {
        table(at)
    }
    async fn advance(state: State, _cx: &Cx<'_, Self>) -> Result<Next<State, ()>, Failure> {
        Ok(next(state))
    }
}
