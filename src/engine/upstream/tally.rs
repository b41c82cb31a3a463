//! What a gate counts for who watches: calls by how they ended, and closings by what they came after.

use metrics::{Counter, counter};

use super::Ended;

/// How a call ended, and what an upstream closed after.
const CALLS: [&str; 4] = ["answered", "throttled", "error", "no_answer"];
const CLOSINGS: [&str; 4] = ["throttled", "error", "no_answer", "unauthorised"];

/// Of a call, in one word.
pub(super) fn name(how: &Ended) -> &'static str {
    match how {
        Ended::Answered => "answered",
        Ended::Throttled { .. } => "throttled",
        Ended::Failed { answered: true, .. } => "error",
        Ended::Failed { answered: false, .. } => "no_answer",
    }
}

/// The counters of one upstream; all of them are there from the start, so that a rate over them has a beginning.
pub(super) struct Tally {
    calls: [Counter; 4],
    closings: [Counter; 4],
}

impl std::fmt::Debug for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tally").finish_non_exhaustive()
    }
}

impl Tally {
    pub(super) fn of(upstream: &str) -> Self {
        let upstream = || upstream.to_owned();
        Self {
            calls: CALLS.map(|how| counter!("enlace_upstream_calls_total", "upstream" => upstream(), "outcome" => how)),
            closings: CLOSINGS
                .map(|after| counter!("enlace_upstream_closings_total", "upstream" => upstream(), "after" => after)),
        }
    }

    /// A call ended so.
    pub(super) fn call(&self, how: &Ended) {
        count(&CALLS, &self.calls, name(how));
    }

    /// This process closed it after that.
    pub(super) fn closed(&self, after: &str) {
        count(&CLOSINGS, &self.closings, after);
    }
}

fn count(names: &[&str], counters: &[Counter], name: &str) {
    if let Some((_, counter)) = names.iter().zip(counters).find(|(n, _)| **n == name) {
        counter.increment(1);
    }
}
