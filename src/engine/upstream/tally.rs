//! What a gate counts for who watches: closings, by what they came after. The calls themselves are counted by who makes them.

use metrics::{Counter, counter};

use super::Ended;

/// What an upstream closed after.
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
            closings: CLOSINGS
                .map(|after| counter!("enlace_upstream_closings_total", "upstream" => upstream(), "after" => after)),
        }
    }

    /// This process closed it after that.
    pub(super) fn closed(&self, after: &str) {
        if let Some((_, counter)) = CLOSINGS.iter().zip(&self.closings).find(|(name, _)| **name == after) {
            counter.increment(1);
        }
    }
}
