//! Telling what each attempt came to, once it is recorded, to whoever draws traces of it. The engine knows no protocol:
//! where nobody watches, nothing is made, and the whole costs one look at a pointer.

use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    attempt::Call,
    claim::Held,
    record::{Record, Then},
};

/// A call, and the database's time when it was over.
#[derive(Clone, Debug)]
pub struct SeenCall {
    /// What was asked of whom.
    pub call: Call,
    /// When it was over.
    pub ended_at: DateTime<Utc>,
}

/// An attempt that is recorded. Holds what may be shown to anybody: no payload, no message, no key.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The workflow.
    pub id: Uuid,
    /// Its operation; `unknown` where this build does not know it.
    pub kind: &'static str,
    /// When it was enqueued.
    pub enqueued_at: DateTime<Utc>,
    /// The worker that made the attempt.
    pub worker: Uuid,
    /// The step's number.
    pub n: i32,
    /// The attempt's number in the step.
    pub attempt: i16,
    /// Where it stood.
    pub state: String,
    /// How it ended.
    pub outcome: &'static str,
    /// Class and code of its error.
    pub error: Option<(String, String)>,
    /// What was asked of whom, in order.
    pub calls: Vec<SeenCall>,
    /// When it began.
    pub began_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: DateTime<Utc>,
    /// Why a person has to look, if one has to.
    pub parked: Option<&'static str>,
    /// How the workflow ended, if it has.
    pub end: Option<&'static str>,
}

/// Whoever is told. Called between two steps of a workflow: must neither wait nor fail.
pub trait Watch: Send + Sync + 'static {
    /// An attempt is recorded.
    fn recorded(&self, seen: Seen);
}

static WATCH: OnceLock<Arc<dyn Watch>> = OnceLock::new();

/// Has `watch` told of every attempt that this process records, from now on; whether it was the first to ask.
pub fn install(watch: Arc<dyn Watch>) -> bool {
    WATCH.set(watch).is_ok()
}

/// Tells of a record that is written.
pub(crate) fn tell<C>(held: &Held<C>, record: &Record<C>, worker: Uuid) {
    let Some(watch) = WATCH.get() else { return };
    let word = |key| record.error.as_ref().and_then(|e| e.get(key)).and_then(|v| v.as_str()).map(str::to_owned);
    let calls = record.calls.iter().zip(&record.calls_ended_at);
    watch.recorded(Seen {
        id: record.id,
        kind: held.kind.as_ref().map_or("unknown", |kind| kind.name()),
        enqueued_at: held.run.enqueued_at,
        worker,
        n: record.n,
        attempt: record.attempt,
        state: record.state.clone(),
        outcome: record.outcome.into(),
        error: word("class").zip(word("code")),
        calls: calls.map(|(call, at)| SeenCall { call: call.clone(), ended_at: *at }).collect(),
        began_at: record.began_at,
        ended_at: record.ended_at,
        parked: match &record.then {
            Then::PutBack(back) => back.parked.map(Into::into),
            _ => None,
        },
        end: match &record.then {
            Then::End { end, .. } => Some((*end).into()),
            _ => None,
        },
    });
}
