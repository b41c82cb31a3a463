//! The face an operation's file sees: where a run can stand, what is done there, and the answers it may give.
//!
//! An operation implements [`Workflow`]; everything else in this crate is machinery that it never names.

use std::{future::Future, time::Duration};

use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::retry::Retry;

/// A sentence for people, in Portuguese and in English.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    /// Brazilian Portuguese, shown first.
    pub pt: &'static str,
    /// English.
    pub en: &'static str,
}

/// Shorthand for a [`Text`]: `says("olhar a porta", "look at the port")`.
pub const fn says(pt: &'static str, en: &'static str) -> Text {
    Text { pt, en }
}

/// Which work goes first where several kinds want the same worker or the same platform (engine.md, *lane*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// A person is waiting on the phone.
    Interactive = 0,
    /// A customer was put on, or taken off, a port.
    Change = 1,
    /// Long work that nobody watches.
    Bulk = 2,
}

/// How a run ended (contract.md, *status*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum End {
    /// What was asked is so.
    Succeeded,
    /// There was nothing to do, and the result says why.
    NotApplicable,
    /// Later work made it pointless.
    Superseded,
    /// Given up, by a person or by the kind's policy.
    Failed,
    /// Called off by a person.
    Cancelled,
}

/// Why a run waits for a person (contract.md, *parked*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum Parked {
    /// The policy's attempts are spent.
    AttemptsSpent,
    /// The platform, or a rule, refused; trying again would change nothing.
    Rejected,
    /// A write's outcome is unknown and looking could not settle it (G3).
    OutcomeUnknown,
    /// A person has to approve what comes next.
    Approval,
    /// A panic or a broken invariant (G6, class *bug*).
    Bug,
    /// This build does not know the kind or the stored state (G10).
    Undecodable,
    /// It came back to the same states too often.
    GoingInCircles,
}

/// What kind of failure it was: decides what happens next (G6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum Class {
    /// Worth trying again by the step's policy.
    Transient,
    /// The upstream asked for a pause: it closes for all until then, and no attempt is burnt.
    Throttled,
    /// The upstream refused our credentials: it closes until a person has looked.
    Unauthorised,
    /// Trying again changes nothing: parked with the words of whoever refused.
    Rejected,
    /// A write whose answer was lost: settled by looking, never by writing again (G3).
    Unknown,
    /// A panic or a broken invariant of ours.
    Bug,
}

/// Why a step did not move on.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Decides what happens next.
    pub class: Class,
    /// Stable, for programs: `ozmap.port_taken`.
    pub code: String,
    /// For people: what went wrong, in the words of whoever refused where there are any. No secrets, no personal data.
    pub message: String,
    /// When the upstream asked to be tried again, counted from now.
    pub retry_after: Option<Duration>,
    /// Which upstream it was about (`integration:3`); needed for `Throttled` and `Unauthorised`.
    pub upstream: Option<String>,
}

impl Failure {
    /// A failure of this class, with a stable code and a sentence for a person.
    pub fn new(class: Class, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { class, code: code.into(), message: message.into(), retry_after: None, upstream: None }
    }
}

/// What a step's work touches: decides what a crash in the middle of it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touches<At> {
    /// Only reads, or only Postgres: may simply run again.
    Nothing,
    /// Writes to an upstream. Whatever interrupts it (a crash, a lost answer, a failure), the run goes on in this state,
    /// which looks whether the write was done before anything is written again (G2, G3, rule B6).
    Upstream {
        /// The state that looks.
        settled_by: At,
    },
}

/// One row of an operation's table: what is done in a state and where it may lead.
#[derive(Clone, Copy, Debug)]
pub enum Step<At: 'static> {
    /// Work.
    Work {
        /// What is done, as an operator reads it.
        action: Text,
        /// How often and how patiently it is retried.
        retry: Retry,
        /// Whether it writes to an upstream.
        touches: Touches<At>,
        /// The states it may lead to; the engine refuses others.
        leads_to: &'static [At],
    },
    /// Nothing more: the run has ended.
    End {
        /// How.
        end: End,
        /// What that means, as an operator reads it.
        says: Text,
    },
}

impl<At: Copy> Step<At> {
    /// A step that only looks, or touches only Postgres.
    pub const fn look(action: Text, retry: Retry, leads_to: &'static [At]) -> Self {
        Step::Work { action, retry, touches: Touches::Nothing, leads_to }
    }

    /// A step with one outside effect; `settled_by` is the state that looks whether it was done.
    pub const fn write(action: Text, retry: Retry, settled_by: At, leads_to: &'static [At]) -> Self {
        Step::Work { action, retry, touches: Touches::Upstream { settled_by }, leads_to }
    }

    /// An end.
    pub const fn end(end: End, says: Text) -> Self {
        Step::End { end, says }
    }
}

/// What a step answers when it did not fail.
#[derive(Debug)]
pub enum Next<State, Change> {
    /// Move to a state, and write these changes to Postgres in the transaction that records the step.
    To {
        /// Where the run stands from now on.
        state: State,
        /// Applied exactly once, in order.
        changes: Vec<Change>,
    },
    /// Do the same step again after a while; no attempt is spent.
    Again {
        /// How long to wait.
        after: Duration,
        /// Why, for *explain*.
        why: Text,
    },
    /// A person has to decide.
    Park {
        /// What they are asked.
        why: Parked,
        /// In words.
        message: String,
    },
}

/// Moves to `state`.
pub fn to<State, Change>(state: State) -> Next<State, Change> {
    Next::To { state, changes: Vec::new() }
}

impl<State, Change> Next<State, Change> {
    /// Writes `more` to Postgres together with the step's record.
    #[must_use]
    pub fn writing(self, more: impl IntoIterator<Item = Change>) -> Self {
        match self {
            Next::To { state, mut changes } => {
                changes.extend(more);
                Next::To { state, changes }
            }
            other => other,
        }
    }
}

/// What a step may look at besides its state.
pub struct Cx<'a, W: Workflow> {
    /// What the run was started with.
    pub input: &'a W::Input,
    /// All that the operation may touch.
    pub ports: &'a W::Ports,
    /// The workflow's id, which is the outbox row's.
    pub id: Uuid,
    /// Its place in the order in which HubSoft committed (G4).
    pub position: i64,
    /// When HubSoft enqueued it, by the database's clock.
    pub enqueued_at: chrono::DateTime<chrono::Utc>,
}

/// How an operation's run got into trouble, for [`Workflow::in_trouble`].
#[derive(Debug)]
pub struct Trouble<'a> {
    /// The name of the state in which it happened: where one of several things is done, what it was about.
    pub at: &'a str,
    /// The failure.
    pub failure: &'a Failure,
    /// Set when the run now waits for a person.
    pub parked: Option<Parked>,
}

/// What a person may decide about a run (G12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::IntoStaticStr, strum::EnumString, strum::EnumIter)]
#[strum(serialize_all = "snake_case")]
pub enum Decision {
    /// What this state is for is waived.
    Skip,
    /// The write whose outcome is unknown was done.
    Done,
    /// It was not.
    NotDone,
    /// What the run asks about may be done.
    Approve,
    /// It may not.
    Refuse,
}

/// A decision, and who made it.
#[derive(Clone, Copy, Debug)]
pub struct Decided<'a> {
    /// What.
    pub decision: Decision,
    /// By whom, as the audit names them.
    pub person: &'a str,
    /// Why, in their words.
    pub reason: &'a str,
}

/// An operation: a persisted state machine. See `workflows/` for the form of such a file.
pub trait Workflow: Send + Sync + 'static {
    /// The kind's name, as in `enlace.enqueue(kind, …)`. Stored: never renamed.
    const NAME: &'static str;
    /// Raised when a state is added, or the meaning of stored states or data changes (G10): older builds then leave alone what
    /// this one has had in its hands. From 1.
    const VERSION: i32 = 1;
    /// Which work goes first.
    const LANE: Lane;
    /// `true` for kinds that nobody waits to mend: they end `failed` where others are parked (contract.md).
    const GIVES_UP: bool = false;
    /// What it is for, as an operator reads it.
    const ABOUT: Text;
    /// The payload.
    type Input: DeserializeOwned + Serialize + Send + Sync;
    /// Where a run stands, with the data which that state needs: `#[serde(tag = "state", rename_all = "snake_case")]`.
    type State: Serialize + DeserializeOwned + Send + Sync;
    /// The states' names alone (`strum::EnumDiscriminants`, snake case).
    type At: Copy
        + Eq
        + Into<&'static str>
        + strum::IntoEnumIterator
        + for<'a> From<&'a Self::State>
        + Send
        + Sync
        + 'static;
    /// All that it may touch.
    type Ports: Send + Sync + 'static;
    /// What it may write to Postgres.
    type Change: Send + 'static;
    /// What its steps fail with.
    type Error: Into<Failure>;

    /// What must not be worked on twice at once, in commit order (`port:812`, `service:4411`).
    fn keys(input: &Self::Input) -> Vec<String>;
    /// Where a run begins.
    fn begin(input: &Self::Input) -> Self::State;
    /// The table: what is done in each state, and where that may lead.
    fn step(at: Self::At) -> Step<Self::At>;
    /// The work itself.
    fn advance(
        state: Self::State,
        cx: &Cx<'_, Self>,
    ) -> impl Future<Output = Result<Next<Self::State, Self::Change>, Self::Error>> + Send
    where
        Self: Sized;
    /// What a payload that was taken in by an older version is in this one; `None`: nothing, and the run is parked whole.
    fn upgrade_input(_from: i32, input: serde_json::Value) -> Option<serde_json::Value> {
        Some(input)
    }
    /// What a state's data that an older version stored is in this one, its name (`state`) included; `None`: as above.
    fn upgrade_state(_from: i32, state: serde_json::Value) -> Option<serde_json::Value> {
        Some(state)
    }
    /// What a failure writes to Postgres, in the transaction that records the failed attempt.
    fn in_trouble(_input: &Self::Input, _trouble: &Trouble<'_>) -> Vec<Self::Change> {
        Vec::new()
    }
    /// What a person may decide in a state, and where that leads; the engine offers and takes nothing else. That a write was
    /// done or not need not be named: the engine then goes to the state that looks, or writes once more.
    fn decisions(_at: Self::At) -> &'static [(Decision, Self::At)] {
        &[]
    }
    /// Where a run goes on after a decision; `None`: it cannot be decided here.
    fn decided(_state: Self::State, _decided: &Decided<'_>) -> Option<Self::State> {
        None
    }
}
