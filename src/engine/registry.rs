//! The operations of this build, by name, with their types erased: what they are ([`Definition`], which anyone may look at),
//! and how their steps are done ([`Kind`], which takes all that an operation may touch).

use std::{collections::BTreeMap, marker::PhantomData, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::Value;
use strum::IntoEnumIterator;
use uuid::Uuid;

use crate::{
    retry::Retry,
    workflow::{Cx, Decided, Decision, End, Failure, Lane, Next, Parked, Step, Text, Touches, Trouble, Workflow},
};

/// What a payload means to its kind.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// Its ordering keys.
    pub keys: Vec<String>,
    /// Where it begins.
    pub at: &'static str,
    /// That state with its data.
    pub state: Value,
}

/// One row of an operation's table, by name.
#[derive(Clone, Debug)]
pub enum StepRow {
    /// Work.
    Work {
        /// What is done.
        action: Text,
        /// How it is retried.
        retry: Retry,
        /// Where an interrupted write goes on; `None`: it writes to no upstream.
        settled_by: Option<&'static str>,
        /// Where it may lead.
        leads_to: Vec<&'static str>,
    },
    /// An end.
    End {
        /// How.
        end: End,
        /// What it means.
        says: Text,
    },
}

impl StepRow {
    /// Whether the step writes to an upstream.
    pub(crate) fn writes(&self) -> bool {
        self.settled_by().is_some()
    }

    /// Where it is settled whether such a step was done.
    pub(crate) fn settled_by(&self) -> Option<&'static str> {
        match self {
            StepRow::Work { settled_by, .. } => *settled_by,
            StepRow::End { .. } => None,
        }
    }

    /// What is done there, or what the end means.
    pub fn text(&self) -> Text {
        match self {
            StepRow::Work { action, .. } => *action,
            StepRow::End { says, .. } => *says,
        }
    }
}

/// What a step came to.
pub enum Advanced<C> {
    /// Move there.
    To {
        /// The state's name.
        at: &'static str,
        /// The state with its data.
        state: Value,
        /// What to write with the record.
        changes: Vec<C>,
    },
    /// The same again, later.
    Again {
        /// When.
        after: Duration,
        /// Why.
        why: Text,
    },
    /// A person has to decide.
    Park {
        /// What.
        why: Parked,
        /// In words.
        message: String,
    },
    /// It failed.
    Failed(Failure),
}

/// A run as its kind sees it.
#[derive(Clone, Debug)]
pub struct RunView {
    /// The workflow's id.
    pub id: Uuid,
    /// Its place in commit order.
    pub position: i64,
    /// When it was enqueued.
    pub enqueued_at: DateTime<Utc>,
    /// What it was started with.
    pub payload: Arc<Value>,
}

/// What an operation is: its table, and what payloads mean to it. Takes nothing that it may touch.
pub trait Definition: Send + Sync {
    /// Its name.
    fn name(&self) -> &'static str;
    /// Its version.
    fn version(&self) -> i32;
    /// Its lane.
    fn lane(&self) -> Lane;
    /// Whether it ends failed where others are parked.
    fn gives_up(&self) -> bool;
    /// What it is for.
    fn about(&self) -> Text;
    /// The names of its states, in the order of the file.
    fn states(&self) -> Vec<&'static str>;
    /// Its table's row for a state; `None` for a name that it does not know.
    fn step(&self, at: &str) -> Option<StepRow>;
    /// What a payload means; the error names what is wrong with it.
    ///
    /// # Errors
    /// When the payload does not decode.
    fn admit(&self, payload: &Value) -> Result<Admitted, String>;
    /// What a person may decide in a state, and where that leads.
    fn decisions(&self, at: &str) -> Vec<(Decision, &'static str)>;
    /// The state after a person's decision; `None`: this state is not for a person to decide so, or does not decode.
    fn decided(&self, state: &Value, decided: &Decided<'_>) -> Option<Value>;
    /// A payload and a state's data as this build reads them, written again (G10); the error names what is wrong with them.
    ///
    /// # Errors
    /// When either does not decode.
    fn reread(&self, payload: &Value, state: &Value) -> Result<(Value, Value), String>;
    /// What a payload of an older version is in this one.
    fn upgrade_input(&self, from: i32, payload: Value) -> Option<Value>;
    /// What a state's data of an older version is in this one.
    fn upgrade_state(&self, from: i32, state: Value) -> Option<Value>;
}

/// An operation with its types erased.
pub trait Kind<C>: Definition {
    /// Does what is done in a state.
    fn advance<'a>(&'a self, state: &'a Value, run: &'a RunView) -> BoxFuture<'a, Advanced<C>>;
    /// What a failure in a state writes.
    fn in_trouble(&self, payload: &Value, at: &str, failure: &Failure, parked: Option<Parked>) -> Vec<C>;
}

/// An operation; `P` is what it may touch, or nothing.
struct Erased<W: Workflow, P> {
    ports: P,
    of: PhantomData<fn() -> W>,
}

fn find<W: Workflow>(at: &str) -> Option<W::At> {
    W::At::iter().find(|a| Into::<&'static str>::into(*a) == at)
}

impl<W: Workflow, P: Send + Sync> Definition for Erased<W, P> {
    fn name(&self) -> &'static str {
        W::NAME
    }
    fn version(&self) -> i32 {
        W::VERSION
    }
    fn lane(&self) -> Lane {
        W::LANE
    }
    fn gives_up(&self) -> bool {
        W::GIVES_UP
    }
    fn about(&self) -> Text {
        W::ABOUT
    }
    fn states(&self) -> Vec<&'static str> {
        W::At::iter().map(Into::into).collect()
    }

    fn step(&self, at: &str) -> Option<StepRow> {
        Some(match W::step(find::<W>(at)?) {
            Step::Work { action, retry, touches, leads_to } => StepRow::Work {
                action,
                retry,
                settled_by: match touches {
                    Touches::Nothing => None,
                    Touches::Upstream { settled_by } => Some(settled_by.into()),
                },
                leads_to: leads_to.iter().map(|a| (*a).into()).collect(),
            },
            Step::End { end, says } => StepRow::End { end, says },
        })
    }

    fn admit(&self, payload: &Value) -> Result<Admitted, String> {
        let input = W::Input::deserialize(payload).map_err(|e| format!("payload: {e}"))?;
        let state = W::begin(&input);
        Ok(Admitted {
            keys: W::keys(&input),
            at: W::At::from(&state).into(),
            state: serde_json::to_value(&state).map_err(|e| format!("state: {e}"))?,
        })
    }

    fn decisions(&self, at: &str) -> Vec<(Decision, &'static str)> {
        let declared = find::<W>(at).map_or(&[][..], W::decisions);
        declared.iter().map(|(decision, there)| (*decision, (*there).into())).collect()
    }

    fn decided(&self, state: &Value, decided: &Decided<'_>) -> Option<Value> {
        let state = W::State::deserialize(state).ok()?;
        let declared = W::decisions(W::At::from(&state));
        let next = W::decided(state, decided)?;
        let there = W::At::from(&next);
        let may = declared.iter().any(|(decision, to)| *decision == decided.decision && *to == there);
        serde_json::to_value(&next).ok().filter(|_| may)
    }
    fn reread(&self, payload: &Value, state: &Value) -> Result<(Value, Value), String> {
        let input = W::Input::deserialize(payload).and_then(|input| serde_json::to_value(&input));
        let state = W::State::deserialize(state).and_then(|state| serde_json::to_value(&state));
        Ok((input.map_err(|e| format!("payload: {e}"))?, state.map_err(|e| format!("state: {e}"))?))
    }
    fn upgrade_input(&self, from: i32, payload: Value) -> Option<Value> {
        W::upgrade_input(from, payload)
    }
    fn upgrade_state(&self, from: i32, state: Value) -> Option<Value> {
        W::upgrade_state(from, state)
    }
}

impl<W: Workflow> Kind<W::Change> for Erased<W, Arc<W::Ports>> {
    fn advance<'a>(&'a self, state: &'a Value, run: &'a RunView) -> BoxFuture<'a, Advanced<W::Change>> {
        Box::pin(async move {
            // Parked whole, for a build that can (G10).
            let broken = |what: &str, e: serde_json::Error| Advanced::Park {
                why: Parked::Undecodable,
                message: format!("{what}: {e}"),
            };
            let input = match W::Input::deserialize(&*run.payload) {
                Ok(input) => input,
                Err(e) => return broken("payload", e),
            };
            let state = match W::State::deserialize(state) {
                Ok(state) => state,
                Err(e) => return broken("state", e),
            };
            let cx = Cx::<W> {
                input: &input,
                ports: &self.ports,
                id: run.id,
                position: run.position,
                enqueued_at: run.enqueued_at,
            };
            match W::advance(state, &cx).await {
                Ok(Next::To { state, changes }) => match serde_json::to_value(&state) {
                    Ok(data) => Advanced::To { at: W::At::from(&state).into(), state: data, changes },
                    Err(e) => broken("state", e),
                },
                Ok(Next::Again { after, why }) => Advanced::Again { after, why },
                Ok(Next::Park { why, message }) => Advanced::Park { why, message },
                Err(error) => Advanced::Failed(error.into()),
            }
        })
    }

    fn in_trouble(&self, payload: &Value, at: &str, failure: &Failure, parked: Option<Parked>) -> Vec<W::Change> {
        W::Input::deserialize(payload)
            .map(|input| W::in_trouble(&input, &Trouble { at, failure, parked }))
            .unwrap_or_default()
    }
}

/// What the operations of this build are, for those who run none.
#[derive(Clone, Default)]
pub struct Definitions {
    kinds: BTreeMap<&'static str, Arc<dyn Definition>>,
}

impl Definitions {
    /// Adds an operation.
    #[must_use]
    pub fn with<W: Workflow>(mut self) -> Self {
        self.kinds.insert(W::NAME, Arc::new(Erased::<W, ()> { ports: (), of: PhantomData }));
        self
    }

    /// The operation of this name.
    pub fn get(&self, name: &str) -> Option<&dyn Definition> {
        self.kinds.get(name).map(|kind| &**kind)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &dyn Definition> {
        self.kinds.values().map(|kind| &**kind)
    }
}

/// The operations of this build.
pub struct Registry<C> {
    kinds: BTreeMap<&'static str, Arc<dyn Kind<C>>>,
}

impl<C> Default for Registry<C> {
    fn default() -> Self {
        Self { kinds: BTreeMap::new() }
    }
}

impl<C: 'static> Registry<C> {
    /// Adds an operation.
    #[must_use]
    pub fn with<W: Workflow<Change = C>>(mut self, ports: Arc<W::Ports>) -> Self {
        self.kinds.insert(W::NAME, Arc::new(Erased::<W, _> { ports, of: PhantomData }));
        self
    }

    /// The operation of this name.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Kind<C>>> {
        self.kinds.get(name)
    }

    /// Which kinds it knows, in which versions: what a worker writes down with its lease (G10).
    pub fn knows(&self) -> Value {
        self.iter().map(|kind| (kind.name().to_owned(), Value::from(kind.version()))).collect()
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Kind<C>>> {
        self.kinds.values()
    }
}
