//! Two builds of one product: the new one has changed an operation (another name for its data, a state more) and has an
//! operation that the old one does not know.

use std::{sync::Arc, time::Duration};

use engine::{
    registry::Registry,
    retry::Retry,
    worker::Settings,
    workflow::{Cx, End, Failure, Lane, Next, Step, Text, Workflow, says, to},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::PgPool;
use strum::{EnumDiscriminants, EnumIter, IntoStaticStr};
use uuid::Uuid;

use crate::support::db::Db;
use crate::support::toy::{self, Ledger, Running, Written};

const EAGER: Retry = Retry { first: Duration::from_millis(10), cap: Duration::from_millis(40), attempts: 4 };

/// Which build a worker is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Build {
    Old,
    New,
}

impl Build {
    pub fn registry(self, ledger: &Arc<Ledger>) -> Registry<Written> {
        match self {
            Build::Old => Registry::default().with::<old::Shift>(Arc::clone(ledger)),
            Build::New => {
                Registry::default().with::<new::Shift>(Arc::clone(ledger)).with::<new::Novel>(Arc::clone(ledger))
            }
        }
    }

    /// A worker of this build in this process; many at once, under names of their own.
    pub fn start(self, db: &Db, ledger: &Arc<Ledger>, name: &str) -> Running {
        let settings = Settings {
            name: name.to_owned(),
            idle_poll: Duration::from_millis(100),
            connections: 3,
            ..Settings::default()
        };
        toy::start_registry(db, ledger, self.registry(ledger), settings)
    }
}

/// Enqueues one, not before a time from now.
pub async fn enqueue_later(pool: &PgPool, kind: &str, payload: Value, seconds: i32) -> Uuid {
    let ask = "select enlace.enqueue($1, $2, not_before => enlace.now() + $3 * interval '1 second')";
    sqlx::query_scalar(ask).bind(kind).bind(payload).bind(seconds).fetch_one(pool).await.unwrap()
}

/// Enqueues one.
pub async fn enqueue(pool: &PgPool, kind: &str, payload: Value) -> Uuid {
    sqlx::query_scalar("select enlace.enqueue($1, $2)").bind(kind).bind(payload).fetch_one(pool).await.unwrap()
}

/// A payload of the operation that both know, as HubSoft has always written it.
pub fn shift(key: &str, steps: u8) -> Value {
    json!({ "keys": [key], "steps": steps })
}

/// What a step does: it says so; one that is asked to holds until it is let go on.
async fn work(ledger: &Ledger, id: Uuid, step: u8, says: String, hold: bool) {
    ledger.done.lock().unwrap().push((id, usize::from(step), says));
    if hold {
        ledger.let_go.notified().await;
    } else {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

mod old {
    use super::*;

    pub struct Shift;

    #[derive(Serialize, Deserialize)]
    pub struct Input {
        keys: Vec<String>,
        steps: u8,
        #[serde(default)]
        hold: bool,
    }

    #[derive(Serialize, Deserialize, EnumDiscriminants)]
    #[serde(tag = "state", rename_all = "snake_case", deny_unknown_fields)]
    #[strum_discriminants(name(At), derive(EnumIter, IntoStaticStr), strum(serialize_all = "snake_case"))]
    pub enum State {
        Working { left: u8 },
        Done,
    }

    impl Workflow for Shift {
        const NAME: &'static str = "shift";
        const LANE: Lane = Lane::Change;
        const ABOUT: Text = says("turno", "shift");
        type Input = Input;
        type State = State;
        type At = At;
        type Ports = Ledger;
        type Change = Written;
        type Error = Failure;

        fn keys(input: &Input) -> Vec<String> {
            input.keys.clone()
        }
        fn begin(input: &Input) -> State {
            State::Working { left: input.steps }
        }
        fn step(at: At) -> Step<At> {
            match at {
                At::Working => Step::look(says("trabalhar", "work"), EAGER, &[At::Working, At::Done]),
                At::Done => Step::end(End::Succeeded, says("feito", "done")),
            }
        }
        async fn advance(state: State, cx: &Cx<'_, Self>) -> Result<Next<State, Written>, Failure> {
            let State::Working { left } = state else { return Ok(to(state)) };
            work(cx.ports, cx.id, left, "old".to_owned(), cx.input.hold && left == 1).await;
            Ok(to(if left > 1 { State::Working { left: left - 1 } } else { State::Done }))
        }
    }
}

mod new {
    use super::*;

    pub struct Shift;

    fn this_version() -> i32 {
        Shift::VERSION
    }

    #[derive(Serialize, Deserialize)]
    pub struct Input {
        keys: Vec<String>,
        #[serde(alias = "steps")]
        rounds: u8,
        #[serde(default)]
        hold: bool,
        #[serde(default = "this_version")]
        taken_in_by: i32,
    }

    #[derive(Serialize, Deserialize, EnumDiscriminants)]
    #[serde(tag = "state", rename_all = "snake_case", deny_unknown_fields)]
    #[strum_discriminants(name(At), derive(EnumIter, IntoStaticStr), strum(serialize_all = "snake_case"))]
    pub enum State {
        Working { rounds: u8 },
        Checking { rounds: u8 },
        Done,
    }

    impl Workflow for Shift {
        const NAME: &'static str = "shift";
        const VERSION: i32 = 2;
        const LANE: Lane = Lane::Change;
        const ABOUT: Text = says("turno novo", "new shift");
        type Input = Input;
        type State = State;
        type At = At;
        type Ports = Ledger;
        type Change = Written;
        type Error = Failure;

        fn keys(input: &Input) -> Vec<String> {
            input.keys.clone()
        }
        fn begin(input: &Input) -> State {
            State::Working { rounds: input.rounds }
        }
        fn step(at: At) -> Step<At> {
            match at {
                At::Working => Step::look(says("trabalhar", "work"), EAGER, &[At::Checking]),
                At::Checking => Step::look(says("conferir", "check"), EAGER, &[At::Working, At::Done]),
                At::Done => Step::end(End::Succeeded, says("feito", "done")),
            }
        }
        async fn advance(state: State, cx: &Cx<'_, Self>) -> Result<Next<State, Written>, Failure> {
            let says = |what: &str| format!("new {what} of version {}", cx.input.taken_in_by);
            Ok(to(match state {
                State::Working { rounds } => {
                    work(cx.ports, cx.id, rounds, says("work"), false).await;
                    State::Checking { rounds }
                }
                State::Checking { rounds } => {
                    work(cx.ports, cx.id, rounds, says("check"), cx.input.hold).await;
                    if rounds > 1 { State::Working { rounds: rounds - 1 } } else { State::Done }
                }
                State::Done => State::Done,
            }))
        }
        fn upgrade_input(from: i32, mut input: Value) -> Option<Value> {
            input.as_object_mut()?.insert("taken_in_by".to_owned(), json!(from));
            Some(input)
        }
        fn upgrade_state(_from: i32, mut state: Value) -> Option<Value> {
            let fields = state.as_object_mut()?;
            if let Some(left) = fields.remove("left") {
                fields.insert("rounds".to_owned(), left);
            }
            Some(state)
        }
    }

    pub struct Novel;

    #[derive(Serialize, Deserialize)]
    pub struct NovelInput {
        keys: Vec<String>,
        #[serde(default)]
        hold: bool,
    }

    #[derive(Serialize, Deserialize, EnumDiscriminants)]
    #[serde(tag = "state", rename_all = "snake_case")]
    #[strum_discriminants(name(NovelAt), derive(EnumIter, IntoStaticStr), strum(serialize_all = "snake_case"))]
    pub enum NovelState {
        Beginning,
        Done,
    }

    impl Workflow for Novel {
        const NAME: &'static str = "novel";
        const LANE: Lane = Lane::Change;
        const ABOUT: Text = says("novidade", "novelty");
        type Input = NovelInput;
        type State = NovelState;
        type At = NovelAt;
        type Ports = Ledger;
        type Change = Written;
        type Error = Failure;

        fn keys(input: &NovelInput) -> Vec<String> {
            input.keys.clone()
        }
        fn begin(_input: &NovelInput) -> NovelState {
            NovelState::Beginning
        }
        fn step(at: NovelAt) -> Step<NovelAt> {
            match at {
                NovelAt::Beginning => Step::look(says("começar", "begin"), EAGER, &[NovelAt::Done]),
                NovelAt::Done => Step::end(End::Succeeded, says("feito", "done")),
            }
        }
        async fn advance(state: NovelState, cx: &Cx<'_, Self>) -> Result<Next<NovelState, Written>, Failure> {
            if matches!(state, NovelState::Beginning) {
                work(cx.ports, cx.id, 1, "novel".to_owned(), cx.input.hold).await;
            }
            Ok(to(NovelState::Done))
        }
    }
}
