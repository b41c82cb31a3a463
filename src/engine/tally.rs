//! Counting what workflows come to, for the metrics. Handles are asked for once a kind; what is left for each step is an
//! addition. Labels are the names of kinds, states' outcomes, classes and reasons, all of them fixed by this build.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use metrics::{Counter, Histogram, counter, histogram};
use strum::VariantNames;

use crate::{
    claim::Held,
    record::{Outcome, Record, Then},
    registry::StepRow,
    workflow::{Class, End, Parked},
};

/// One kind's counters.
pub(crate) struct OfKind {
    started: Counter,
    attempts: Vec<Counter>,
    retries: Vec<Counter>,
    parked: Vec<Counter>,
    ended: Vec<Counter>,
    unknown: Counter,
    settled: Counter,
    first_step: Histogram,
    whole: Histogram,
}

impl OfKind {
    fn named(kind: &'static str) -> Self {
        let each = |name: &'static str, label: &'static str, values: &'static [&'static str]| {
            values.iter().map(|value| counter!(name, "kind" => kind, label => *value)).collect()
        };
        Self {
            started: counter!("enlace_workflows_started_total", "kind" => kind),
            attempts: each("enlace_attempts_total", "outcome", Outcome::VARIANTS),
            retries: each("enlace_retries_total", "class", Class::VARIANTS),
            parked: each("enlace_parked_total", "reason", Parked::VARIANTS),
            ended: each("enlace_workflows_ended_total", "status", End::VARIANTS),
            unknown: counter!("enlace_unknown_outcomes_total", "kind" => kind),
            settled: counter!("enlace_unknown_outcomes_settled_total", "kind" => kind),
            first_step: histogram!("enlace_first_step_seconds", "kind" => kind),
            whole: histogram!("enlace_workflow_seconds", "kind" => kind),
        }
    }
}

static KINDS: LazyLock<Mutex<HashMap<&'static str, Arc<OfKind>>>> = LazyLock::new(Mutex::default);

/// The counters of a kind, which from now on are in the metrics, at nought.
pub(crate) fn of(kind: &'static str) -> Arc<OfKind> {
    let mut kinds = KINDS.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(kinds.entry(kind).or_insert_with(|| Arc::new(OfKind::named(kind))))
}

/// What is counted of one workflow while this worker holds it.
pub(crate) struct Tally {
    kind: Arc<OfKind>,
    /// The state that will tell whether an earlier write was made.
    unsettled: Option<String>,
}

impl Tally {
    pub(crate) fn of<C: 'static>(held: &Held<C>) -> Self {
        let looks = |state: &str| match held.kind.as_ref()?.step(state)? {
            StepRow::Work { settled_by, .. } => settled_by,
            StepRow::End { .. } => None,
        };
        let unsettled = held.failed_state.as_deref().and_then(looks).filter(|look| *look == held.at);
        Self {
            kind: of(held.kind.as_ref().map_or("unknown", |kind| kind.name())),
            unsettled: unsettled.map(str::to_owned),
        }
    }

    /// Counts a record that is written.
    pub(crate) fn note<C>(&mut self, held: &Held<C>, record: &Record<C>) {
        let since = || (record.ended_at - held.run.enqueued_at).to_std().unwrap_or_default().as_secs_f64();
        add(&self.kind.attempts, record.outcome as usize);
        if record.n == 1 && record.attempt == 1 {
            self.kind.started.increment(1);
            let began = (record.began_at - held.run.enqueued_at).to_std().unwrap_or_default();
            self.kind.first_step.record(began.as_secs_f64());
        }
        match record.outcome {
            Outcome::Unknown | Outcome::Lost => {
                self.kind.unknown.increment(1);
                self.unsettled = record.next.as_ref().map(|(at, _)| at.clone());
            }
            Outcome::Done if self.unsettled.as_ref() == Some(&record.state) => {
                self.kind.settled.increment(1);
                self.unsettled = None;
            }
            _ => {}
        }
        match &record.then {
            Then::GoOn => {}
            Then::End { end, .. } => {
                add(&self.kind.ended, *end as usize);
                self.kind.whole.record(since());
            }
            Then::PutBack(back) => match back.parked {
                Some(why) => add(&self.kind.parked, why as usize),
                None => self.retried(record),
            },
        }
    }

    fn retried<C>(&self, record: &Record<C>) {
        let class = record.error.as_ref().and_then(|e| e.get("class")).and_then(|c| c.as_str());
        let place = class.and_then(|class| Class::VARIANTS.iter().position(|known| *known == class));
        if let Some(place) = place {
            add(&self.kind.retries, place);
        }
    }
}

fn add(counters: &[Counter], place: usize) {
    if let Some(counter) = counters.get(place) {
        counter.increment(1);
    }
}

/// What a process counts of its own work, whatever the kind.
pub(crate) struct Engine {
    pub(crate) group: Histogram,
    pub(crate) commit: Histogram,
    pub(crate) refused: Counter,
    pub(crate) leases_lost: Counter,
    pub(crate) taken_over: Counter,
    pub(crate) taken_in: Counter,
}

/// The counters of this process.
pub(crate) static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine {
    group: histogram!("enlace_record_group_workflows"),
    commit: histogram!("enlace_record_commit_seconds"),
    refused: counter!("enlace_records_refused_total"),
    leases_lost: counter!("enlace_leases_lost_total"),
    taken_over: counter!("enlace_workflows_taken_over_total"),
    taken_in: counter!("enlace_outbox_taken_in_total"),
});

/// Puts the counters of these kinds into the metrics, at nought: an operator sees what could happen before it does.
pub(crate) fn show(kinds: impl Iterator<Item = &'static str>) {
    kinds.for_each(|kind| drop(of(kind)));
    LazyLock::force(&ENGINE);
}
