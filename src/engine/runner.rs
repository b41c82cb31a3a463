//! Running one workflow that this worker holds: step after step under one lease, each recorded before the next begins.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::{
    attempt::{self, Attempt},
    claim::Held,
    clock,
    hands::Shop,
    intake,
    record::{Outcome, PutBack, Record, Recorded, Submitted, Then},
    registry::{Advanced, Kind, StepRow},
    retry::Retry,
    tally::{ENGINE, Tally},
    upstream::{Close, Length, UPSTREAM_CLOSED},
    version, watch,
    workflow::{Class, End, Failure, Parked},
};

/// Moves from state to state after which a run is taken to go in circles.
const MOST_MOVES: i16 = 200;

/// Runs a workflow until it ends, waits, or this worker may no longer hold it.
pub(crate) async fn run<C: Clone + Send + Sync + 'static>(shop: Arc<Shop<C>>, mut held: Held<C>) {
    let mut tally = Tally::of(&held);
    while shop.lease.alive() && !shop.draining() {
        // That a write was interrupted is recorded before anything else, or nobody would look at it any more (G3).
        let asked = match interrupted_in_a_write(&held) {
            true => None,
            false => held.asked.take().or_else(|| shop.asked(held.run.id)),
        };
        let mut record = match asked {
            Some(asked) => honoured(&shop, &held, &asked),
            None => attempt(&shop, &mut held).await,
        };
        if let (Some(own), Some((_, Some(data)))) = (held.stamp, &mut record.next) {
            *data = version::stamped(data.take(), own);
        }
        let record = Arc::new(record);
        match submit(&shop, &record).await {
            Recorded::Written => {
                tally.note(&held, &record);
                watch::tell(&held, &record, shop.lease.worker);
                if let Then::PutBack(back) = &record.then {
                    back.after.iter().for_each(|after| shop.due_in(*after));
                    back.close.iter().for_each(|close| shop.upstreams.note(close));
                }
                if !matches!(record.then, Then::GoOn) {
                    return;
                }
                go_on(&mut held, &record);
            }
            Recorded::Refused(why) => {
                ENGINE.refused.increment(1);
                tracing::error!(workflow.id = %record.id, workflow.state = %record.state, why, "a step's record was refused");
                let failure = Failure::new(Class::Bug, "engine.record_refused", why);
                // The platform may have it all the same.
                let step =
                    WorkStep { settled_by: step(&held).and_then(|row| row.settled_by()), ..WorkStep::from(BlankStep) };
                let parked = Arc::new(failed(&shop, &held, failure, step, Vec::new()));
                if matches!(submit(&shop, &parked).await, Recorded::Written) {
                    tally.note(&held, &parked);
                    watch::tell(&held, &parked, shop.lease.worker);
                }
                return;
            }
            Recorded::Busy | Recorded::Lost => return,
        }
    }
}

/// Sends a record off and waits until it is written; where somebody holds a row that it needs, tries again on its own.
async fn submit<C>(shop: &Shop<C>, record: &Arc<Record<C>>) -> Recorded {
    let mut door = &shop.records;
    loop {
        let (reply, answer) = oneshot::channel();
        if door.send(Submitted { record: Arc::clone(record), reply }).await.is_err() {
            return Recorded::Lost;
        }
        match answer.await {
            Ok(Recorded::Busy) if shop.lease.alive() => {
                door = &shop.records_alone;
                clock::sleep(Duration::from_millis(100)).await;
            }
            Ok(recorded) => return recorded,
            Err(_) => return Recorded::Lost,
        }
    }
}

/// The row of the state in which a workflow stands, where this build can go on from it.
fn step<C: 'static>(held: &Held<C>) -> Option<StepRow> {
    held.kind.as_ref().filter(|_| held.unfit.is_none())?.step(&held.at)
}

fn interrupted_in_a_write<C: 'static>(held: &Held<C>) -> bool {
    held.interrupted && step(held).is_some_and(|row| row.writes())
}

fn go_on<C>(held: &mut Held<C>, record: &Record<C>) {
    held.afloat = None;
    if let Some((at, data)) = &record.next {
        held.at.clone_from(at);
        held.state = data.clone().map_or_else(|| json!({ "state": at }), |data| version::unstamped(data).0);
        held.n = record.n;
        held.attempt = 0;
        held.settling = matches!(record.outcome, Outcome::Unknown | Outcome::Lost);
    } else {
        held.attempt = record.attempt;
    }
}

/// One attempt at the step of the state in which the workflow stands.
async fn attempt<C: Clone + 'static>(shop: &Shop<C>, held: &mut Held<C>) -> Record<C> {
    let began_at = shop.lease.clock.now();
    let (Some(kind), None) = (held.kind.clone(), &held.unfit) else {
        let why = held.unfit.clone().unwrap_or_default();
        let mut record = blank(shop, held, Outcome::Parked);
        record.error = Some(intake::undecodable(&why));
        record.then = Then::PutBack(parked(held, Parked::Undecodable));
        return record;
    };
    let mut record = match kind.step(&held.at) {
        Some(StepRow::Work { settled_by: Some(look), .. }) if std::mem::take(&mut held.interrupted) => {
            lost(shop, held, look)
        }
        Some(StepRow::Work { retry, settled_by, leads_to, .. }) => {
            held.interrupted = false;
            let doing = Attempt::new(Arc::clone(&shop.lease), held.run.id, kind.lane(), settled_by.is_some());
            let work = AssertUnwindSafe(kind.advance(&held.state, &held.run)).catch_unwind();
            let advanced = match attempt::within(doing.clone(), work).await {
                Some(done) => done.unwrap_or_else(|panic| Advanced::Failed(panicked(&*panic))),
                // It cannot be recorded any more; whoever takes the workflow over finds that it was interrupted.
                None => Advanced::Failed(Failure::new(Class::Unknown, "engine.lease_lost", "the lease has ended")),
            };
            let mut record = judge(shop, held, &*kind, advanced, WorkStep { retry, settled_by, leads_to });
            (record.calls, record.calls_ended_at) = doing.take_calls();
            record.unseen &= record.calls.is_empty();
            record
        }
        Some(StepRow::End { end, .. }) => {
            let mut record = blank(shop, held, Outcome::Done);
            record.next = Some((held.at.clone(), None));
            record.then = Then::End { end, state: held.at.clone(), result: Some(result(held.state.clone())) };
            record
        }
        None => {
            failed(shop, held, Failure::new(Class::Bug, "engine.no_such_state", held.at.clone()), BlankStep, Vec::new())
        }
    };
    record.began_at = began_at;
    record
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> Failure {
    let words =
        panic.downcast_ref::<&str>().map(|s| (*s).to_owned()).or_else(|| panic.downcast_ref::<String>().cloned());
    Failure::new(Class::Bug, "engine.panic", format!("a step panicked: {}", words.unwrap_or_default()))
}

/// What is known of a step that works.
struct WorkStep {
    retry: Retry,
    settled_by: Option<&'static str>,
    leads_to: Vec<&'static str>,
}

/// A step of which nothing is known but that it failed.
struct BlankStep;

impl From<BlankStep> for WorkStep {
    fn from(_: BlankStep) -> Self {
        let retry = Retry { first: Duration::ZERO, cap: Duration::ZERO, attempts: 1 };
        Self { retry, settled_by: None, leads_to: Vec::new() }
    }
}

/// What follows from an answer: the table decides.
fn judge<C: 'static>(
    shop: &Shop<C>,
    held: &mut Held<C>,
    kind: &dyn Kind<C>,
    advanced: Advanced<C>,
    step: WorkStep,
) -> Record<C> {
    match advanced {
        Advanced::To { at, .. } if !step.leads_to.contains(&at) => {
            let message = format!("the table of \"{}\" has no arrow from {} to {at}", kind.name(), held.at);
            failed(shop, held, Failure::new(Class::Bug, "engine.undeclared_arrow", message), step, Vec::new())
        }
        Advanced::To { at, state, changes } => moved(shop, held, kind, at, state, changes),
        Advanced::Again { after, why } => {
            let mut record = blank(shop, held, Outcome::Again);
            record.error =
                Some(json!({ "class": "again", "code": "again", "message": format!("{} / {}", why.pt, why.en) }));
            record.then = Then::PutBack(PutBack { after: Some(after), ..parked_not(held) });
            record
        }
        Advanced::Park { why, message } => {
            let mut record = blank(shop, held, Outcome::Parked);
            record.error = Some(match why {
                Parked::Undecodable => intake::undecodable(&message),
                _ => json!({ "class": "person", "code": Into::<&'static str>::into(why), "message": message }),
            });
            record.then = Then::PutBack(parked(held, why));
            record
        }
        Advanced::Failed(failure) => {
            let changes = kind.in_trouble(&held.run.payload, &held.at, &failure, parks(held, &failure, &step));
            failed(shop, held, failure, step, changes)
        }
    }
}

fn moved<C: 'static>(
    shop: &Shop<C>,
    held: &mut Held<C>,
    kind: &dyn Kind<C>,
    at: &'static str,
    state: Value,
    changes: Vec<C>,
) -> Record<C> {
    let mut record = blank(shop, held, Outcome::Done);
    if held.failed_state.as_deref() == Some(held.at.as_str()) {
        held.failures = 0;
        held.failed_state = None;
    }
    held.moves = held.moves.saturating_add(i16::from(at != held.at));
    record.changes = changes;
    if let Some(StepRow::End { end, .. }) = kind.step(at) {
        record.next = Some((at.to_owned(), None));
        record.then = Then::End { end, state: at.to_owned(), result: Some(result(state)) };
    } else {
        record.next = Some((at.to_owned(), Some(state)));
        if held.moves > MOST_MOVES {
            let message = format!("{MOST_MOVES} moves from state to state without an end");
            record.error = Some(json!({ "class": "bug", "code": "engine.circles", "message": message }));
            record.then = Then::PutBack(parked(held, Parked::GoingInCircles));
        }
    }
    record
}

/// Whether a failure means that a person has to look. Where it is a look at a write whose outcome is unknown that failed, they
/// are asked about that write, whatever the look failed with (G3).
fn parks<C>(held: &Held<C>, failure: &Failure, step: &WorkStep) -> Option<Parked> {
    match parks_over(held, failure, step) {
        Some(Parked::AttemptsSpent | Parked::Rejected) if held.settling && step.settled_by.is_none() => {
            Some(Parked::OutcomeUnknown)
        }
        other => other,
    }
}

fn parks_over<C>(held: &Held<C>, failure: &Failure, step: &WorkStep) -> Option<Parked> {
    let spent = step.retry.spent(u16::try_from(failures_with_this(held)).unwrap_or(u16::MAX));
    match failure.class {
        Class::Rejected => Some(Parked::Rejected),
        Class::Bug => Some(Parked::Bug),
        Class::Transient if spent => Some(Parked::AttemptsSpent),
        Class::Unknown if spent => Some(Parked::OutcomeUnknown),
        Class::Unauthorised if failure.upstream.is_none() => Some(Parked::Rejected),
        Class::Transient | Class::Unknown | Class::Throttled | Class::Unauthorised => None,
    }
}

fn failures_with_this<C>(held: &Held<C>) -> i16 {
    if held.failed_state.as_deref() == Some(held.at.as_str()) { held.failures.saturating_add(1) } else { 1 }
}

fn failed<C>(
    shop: &Shop<C>,
    held: &Held<C>,
    failure: Failure,
    step: impl Into<WorkStep>,
    changes: Vec<C>,
) -> Record<C> {
    let step = step.into();
    let parks = parks(held, &failure, &step);
    let outcome = match failure.class {
        Class::Throttled | Class::Unauthorised => Outcome::Throttled,
        Class::Unknown => Outcome::Unknown,
        Class::Transient | Class::Rejected | Class::Bug => Outcome::Failed,
    };
    let mut record = blank(shop, held, outcome);
    record.changes = changes;
    record.error = Some(json!({
        "class": Into::<&'static str>::into(failure.class), "code": failure.code, "message": failure.message
    }));
    // Whatever kept a write from being recorded as done, the platform is looked at before anything is written again.
    record.next = step.settled_by.map(|look| (look.to_owned(), Some(restated(&held.state, look))));
    record.unseen = failure.code == UPSTREAM_CLOSED && record.next.is_none();
    let gives_up = held.kind.as_ref().is_some_and(|k| k.gives_up());
    record.then = match parks {
        Some(_) if gives_up => Then::End { end: End::Failed, state: held.at.clone(), result: None },
        Some(why) => Then::PutBack(PutBack {
            failures: failures_with_this(held),
            failed_state: Some(held.at.clone()),
            ..parked(held, why)
        }),
        None => Then::PutBack(waits(held, &failure, step.retry)),
    };
    record
}

fn waits<C>(held: &Held<C>, failure: &Failure, retry: Retry) -> PutBack {
    let (upstream, reason) = (failure.upstream.clone(), failure.message.clone());
    let close = |length| upstream.clone().map(|u| Close { upstream: u, length, reason });
    match failure.class {
        _ if failure.code == UPSTREAM_CLOSED => {
            PutBack { after: failure.retry_after, upstream: upstream.clone(), ..parked_not(held) }
        }
        Class::Throttled => {
            let close = close(Length::asked(failure.retry_after));
            PutBack { after: failure.retry_after, close, upstream, ..parked_not(held) }
        }
        Class::Unauthorised => PutBack { after: None, close: close(Length::UntilOpened), upstream, ..parked_not(held) },
        Class::Transient | Class::Unknown | Class::Rejected | Class::Bug => {
            let failures = failures_with_this(held);
            let delay = retry.delay(u16::try_from(failures).unwrap_or(u16::MAX), &mut rand::rng());
            let after = failure.retry_after.map_or(delay, |asked| asked.max(delay));
            PutBack { after: Some(after), failures, failed_state: Some(held.at.clone()), ..parked_not(held) }
        }
    }
}

/// A write that may or may not have been made: its worker was lost in the middle.
fn lost<C>(shop: &Shop<C>, held: &mut Held<C>, look: &'static str) -> Record<C> {
    let mut record = blank(shop, held, Outcome::Lost);
    held.moves = held.moves.saturating_add(1);
    record.next = Some((look.to_owned(), Some(restated(&held.state, look))));
    record.error = Some(json!({ "class": "unknown", "code": "engine.worker_lost",
        "message": "the worker was lost in the middle of this step; whether the write was made is settled by looking" }));
    record
}

/// The same data in another state: what a settling state knows of the write that it looks after.
pub fn restated(state: &Value, at: &str) -> Value {
    let mut state = state.clone();
    if let Value::Object(fields) = &mut state {
        fields.insert("state".to_owned(), Value::from(at));
    }
    state
}

/// What an end state says, without its name.
fn result(mut state: Value) -> Value {
    if let Value::Object(fields) = &mut state {
        fields.remove("state");
    }
    state
}

/// What a person asked for, done between two steps. Of a pause the row has the last word (record_puts_back.sql).
fn honoured<C>(shop: &Shop<C>, held: &Held<C>, asked: &Value) -> Record<C> {
    let mut record = blank(shop, held, Outcome::Parked);
    let pause = asked.get("act").and_then(Value::as_str) == Some("pause");
    let code = if pause { "paused" } else { "cancelled" };
    record.error = Some(json!({ "class": "person", "code": code, "message": asked.get("reason").cloned() }));
    record.then = match pause {
        true => Then::PutBack(PutBack { after: Some(Duration::ZERO), ..parked_not(held) }),
        false => Then::End { end: End::Cancelled, state: held.at.clone(), result: None },
    };
    record
}

fn parked_not<C>(held: &Held<C>) -> PutBack {
    PutBack {
        parked: None,
        after: None,
        failures: held.failures,
        failed_state: held.failed_state.clone(),
        moves: held.moves,
        upstream: None,
        close: None,
    }
}

fn parked<C>(held: &Held<C>, why: Parked) -> PutBack {
    PutBack { parked: Some(why), ..parked_not(held) }
}

/// An attempt that ended just now.
fn blank<C>(shop: &Shop<C>, held: &Held<C>, outcome: Outcome) -> Record<C> {
    let now = shop.lease.clock.now();
    Record {
        id: held.run.id,
        position: held.run.position,
        keys: held.keys.clone(),
        n: held.n + 1,
        attempt: held.attempt + 1,
        state: held.at.clone(),
        outcome,
        next: None,
        error: None,
        unseen: false,
        calls: Vec::new(),
        calls_ended_at: Vec::new(),
        began_at: now,
        ended_at: now,
        afloat: held.afloat,
        since: held.since,
        changes: Vec::new(),
        then: Then::GoOn,
    }
}
