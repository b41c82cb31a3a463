//! When failures of single calls mean that the upstream itself is gone: several in a row, with no answer between them.

use std::time::{Duration, Instant};

use uuid::Uuid;

/// So many failures in a row are an outage.
const MANY: u32 = 5;
/// Failures further apart than this do not belong together.
const TOGETHER: Duration = Duration::from_secs(60);

/// Failures in a row, as far as this process saw them.
#[derive(Debug, Default)]
pub(super) struct Streak {
    count: u32,
    last: Option<Instant>,
    first_of: Option<Uuid>,
    /// Workflows other than the first one failed, or the upstream did not answer at all.
    certain: bool,
}

impl Streak {
    /// A call failed; whether that makes it an outage. One workflow whose payload the upstream always chokes on, answering 500, is
    /// none: it takes two workflows, or calls without any answer.
    pub(super) fn failed(&mut self, now: Instant, of: Option<Uuid>, answered: bool) -> bool {
        if self.last.is_some_and(|last| now.duration_since(last) > TOGETHER) {
            *self = Self::default();
        }
        if self.count == 0 {
            self.first_of = of;
        }
        self.count += 1;
        self.last = Some(now);
        self.certain |= !answered || of != self.first_of;
        self.certain && self.count >= MANY
    }

    /// It answered.
    pub(super) fn answered(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    fn trips(of: impl Fn(u32) -> Option<Uuid>, answered: bool, apart: Duration) -> Option<u32> {
        let (mut streak, start) = (Streak::default(), clock::monotonic());
        (1..=20).find(|n| streak.failed(start + apart * *n, of(*n), answered))
    }

    #[test]
    fn g7_five_failures_in_a_row_are_an_outage() {
        let one = Some(Uuid::from_u128(1));
        let many = |n: u32| Some(Uuid::from_u128(n.into()));
        assert_eq!(trips(|_| one, false, Duration::from_secs(1)), Some(5), "no answer at all");
        assert_eq!(trips(many, true, Duration::from_secs(1)), Some(5), "errors, for several workflows");
        assert_eq!(trips(many, true, Duration::from_secs(61)), None, "now and then");
    }

    #[test]
    fn g13_one_payload_that_the_upstream_chokes_on_is_no_outage() {
        assert_eq!(trips(|_| Some(Uuid::from_u128(1)), true, Duration::from_secs(1)), None);
    }

    #[test]
    fn g7_an_answer_between_ends_the_row() {
        let (mut streak, now) = (Streak::default(), clock::monotonic());
        for _ in 0..10 {
            assert!((0..4).all(|_| !streak.failed(now, None, false)));
            streak.answered();
        }
    }
}
