//! Every metric there is: its name, its labels, and the question that it answers. `ops/metrics.md` is this list; labels are
//! the names of kinds, outcomes, classes, tables, upstreams and schedules, never of workflows, ports or customers.

use metrics::{describe_counter, describe_gauge, describe_histogram};

/// What kind of number it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Sort {
    /// Only grows, as long as the process lives.
    Counter,
    /// Read off the database at each scrape.
    Gauge,
    /// Counted in buckets.
    Histogram,
}

/// One metric.
#[derive(Debug)]
pub struct Metric {
    /// As a scrape names it.
    pub name: &'static str,
    /// What kind of number it is.
    pub sort: Sort,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// The operator's question.
    pub question: &'static str,
}

const fn counter(name: &'static str, labels: &'static [&'static str], question: &'static str) -> Metric {
    Metric { name, sort: Sort::Counter, labels, question }
}

const fn gauge(name: &'static str, labels: &'static [&'static str], question: &'static str) -> Metric {
    Metric { name, sort: Sort::Gauge, labels, question }
}

const fn histogram(name: &'static str, labels: &'static [&'static str], question: &'static str) -> Metric {
    Metric { name, sort: Sort::Histogram, labels, question }
}

/// All of them, by the question's subject.
pub const METRICS: &[Metric] = &[
    // Is anything left lying?
    gauge("enlace_database_up", &[], "Could the database be read for these metrics?"),
    gauge("enlace_workers_alive", &[], "How many workers hold a lease?"),
    gauge(
        "enlace_outbox_not_taken_in",
        &[],
        "How many committed outbox rows has no worker taken in (counted up to 1000)?",
    ),
    gauge("enlace_outbox_oldest_not_taken_in_seconds", &[], "How old is the oldest of those?"),
    gauge("enlace_intake_gaps", &[], "How many outbox numbers are watched because their transaction may still commit?"),
    counter("enlace_outbox_taken_in_total", &[], "How many outbox rows did this process take in?"),
    // What is being done?
    gauge(
        "enlace_workflows_unfinished",
        &["kind", "status"],
        "How many workflows have not ended, and how do they stand?",
    ),
    gauge("enlace_oldest_unfinished_seconds", &["kind"], "How long ago was the oldest unfinished workflow enqueued?"),
    gauge("enlace_workflows_parked", &["reason"], "How many workflows wait for a person, and why?"),
    gauge("enlace_workflows_ended_estimate", &[], "About how many workflows have ended, as the planner estimates it?"),
    counter("enlace_workflows_started_total", &["kind"], "How many workflows made their first attempt here?"),
    counter("enlace_workflows_ended_total", &["kind", "status"], "How many workflows ended here, and how?"),
    counter(
        "enlace_attempts_total",
        &["kind", "outcome"],
        "How many attempts of steps were recorded, and how did they end?",
    ),
    histogram(
        "enlace_first_step_seconds",
        &["kind"],
        "How long does a workflow wait from its enqueueing to its first step?",
    ),
    histogram("enlace_workflow_seconds", &["kind"], "How long does a workflow take from its enqueueing to its end?"),
    // What goes wrong?
    counter(
        "enlace_retries_total",
        &["kind", "class"],
        "How many attempts are to be made again, for which class of failure?",
    ),
    counter("enlace_parked_total", &["kind", "reason"], "How many workflows were left to a person, and why?"),
    counter("enlace_unknown_outcomes_total", &["kind"], "How many writes ended without an answer?"),
    counter(
        "enlace_unknown_outcomes_settled_total",
        &["kind"],
        "How many writes that had failed or were lost did a look settle?",
    ),
    counter("enlace_leases_lost_total", &[], "How often did this process lose its lease?"),
    counter("enlace_workflows_taken_over_total", &[], "How many workflows of dead workers did this process free?"),
    counter("enlace_records_refused_total", &[], "How many records of steps could not be written?"),
    // The platforms.
    gauge("enlace_upstream_closed", &["upstream"], "Is this platform closed for every worker?"),
    gauge(
        "enlace_upstream_state",
        &["upstream"],
        "Is this platform open (0), coming back slowly (1), closed (2), or its integration inactive (3)?",
    ),
    gauge("enlace_upstream_probed", &["upstream"], "Is one call trying whether this platform is back?"),
    gauge(
        "enlace_upstream_rate_limit",
        &["upstream"],
        "How many calls a second may all workers make (absent: no limit)?",
    ),
    gauge(
        "enlace_upstream_concurrency_limit",
        &["upstream"],
        "How many calls at once may they make (absent: no limit)?",
    ),
    gauge("enlace_upstream_waiting", &["upstream"], "How many workflows wait for this platform?"),
    counter(
        "enlace_upstream_closings_total",
        &["upstream", "after"],
        "How often did this process close this platform for every worker, and after what?",
    ),
    counter(
        "enlace_calls_total",
        &["upstream", "outcome"],
        "How many calls were made to this platform, and how did they go?",
    ),
    histogram("enlace_call_seconds", &["upstream"], "How long does this platform take to answer?"),
    // The clock.
    gauge("enlace_schedule_last_tick_seconds", &["schedule", "kind"], "How long ago did this schedule last tick?"),
    gauge(
        "enlace_schedule_overdue_seconds",
        &["schedule", "kind"],
        "For how long has this schedule been due without a tick?",
    ),
    // The database.
    histogram("enlace_record_group_workflows", &[], "How many workflows share one commit?"),
    histogram("enlace_record_commit_seconds", &[], "How long does a commit of records take?"),
    gauge("enlace_table_live_rows", &["table"], "About how many rows does this hot table have?"),
    gauge("enlace_table_dead_rows", &["table"], "About how many dead rows has vacuum not removed from it?"),
    gauge("enlace_table_vacuumed_seconds", &["table"], "How long ago was it vacuumed (absent: never)?"),
    gauge("enlace_database_oldest_transaction_seconds", &[], "How long has the oldest open transaction been open?"),
    gauge("enlace_database_snapshot_held_seconds", &["application"], "Who has held that one open for more than 5 s?"),
    // The traces.
    counter("enlace_spans_sent_total", &[], "How many spans did the collector take?"),
    counter("enlace_traces_dropped_total", &[], "How many spans could not be sent in time?"),
];

/// Describes all of them to the recorder in force.
pub fn describe() {
    for metric in METRICS {
        match metric.sort {
            Sort::Counter => describe_counter!(metric.name, metric.question),
            Sort::Gauge => describe_gauge!(metric.name, metric.question),
            Sort::Histogram => describe_histogram!(metric.name, metric.question),
        }
    }
}

/// `ops/metrics.md`.
pub fn document() -> String {
    let head = "# Metrics\n\nWhat `GET /metrics` on the ops listener says. Counters and histograms are this process's own; gauges are the \
        database's,\nread at each scrape, and alike in all processes. This table is `src/telemetry/catalogue.rs`, and a test holds it to that.\n\n\
        | metric | labels | sort | the question it answers |\n| --- | --- | --- | --- |\n";
    let row = |m: &Metric| {
        format!(
            "| `{}` | {} | {} | {} |\n",
            m.name,
            m.labels.join(", "),
            Into::<&'static str>::into(m.sort),
            m.question
        )
    };
    METRICS.iter().fold(head.to_owned(), |all, metric| all + &row(metric))
}
