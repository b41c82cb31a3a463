//! Calls to one upstream, counted: how many, how they went, how long they took.

use metrics::{Counter, Histogram, counter, histogram};
use platforms::Call;

use super::recent;

/// How a call went, for us.
const OUTCOMES: [&str; 6] = ["answered", "refused", "unauthorised", "throttled", "broken", "no_answer"];

/// The counters of one upstream.
pub struct Calls {
    upstream: String,
    outcomes: [Counter; 6],
    seconds: Histogram,
}

impl Calls {
    /// Those of this upstream (`integration:3`).
    pub fn of(upstream: &str) -> Self {
        let counter = |outcome| counter!("enlace_calls_total", "upstream" => upstream.to_owned(), "outcome" => outcome);
        Self {
            upstream: upstream.to_owned(),
            outcomes: OUTCOMES.map(counter),
            seconds: histogram!("enlace_call_seconds", "upstream" => upstream.to_owned()),
        }
    }

    /// Counts a call that is over.
    pub fn note(&self, call: &Call) {
        let [answered, refused, unauthorised, throttled, broken, no_answer] = &self.outcomes;
        match call.status {
            None => no_answer,
            Some(401 | 403) => unauthorised,
            Some(429) => throttled,
            Some(status) if status >= 500 => broken,
            Some(status) if status >= 400 => refused,
            Some(_) => answered,
        }
        .increment(1);
        self.seconds.record(call.ms as f64 / 1000.0);
        recent::note(&self.upstream, call);
    }
}
