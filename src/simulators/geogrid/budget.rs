//! How many calls the account may make: a rate with a little room for those that come together.

use super::guessed::BURST;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// What is left of the rate.
#[derive(Debug)]
pub(super) struct Budget {
    calls_a_second: Option<f64>,
    state: Mutex<(f64, Instant)>,
}

impl Budget {
    pub fn new(calls_a_second: Option<f64>) -> Budget {
        Budget { calls_a_second, state: Mutex::new((BURST, Instant::now())) }
    }

    /// Whether a call may be made now. One that is refused costs nothing.
    pub fn take(&self) -> bool {
        self.take_at(Instant::now())
    }

    fn take_at(&self, now: Instant) -> bool {
        let Some(rate) = self.calls_a_second else { return true };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (left, since) = *state;
        let left = (left + now.saturating_duration_since(since).as_secs_f64() * rate).min(BURST);
        let granted = left >= 1.0;
        *state = (if granted { left - 1.0 } else { left }, now);
        granted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn one_a_second_goes_on_for_ever_and_a_burst_does_not() {
        let (budget, begin) = (Budget::new(Some(1.0)), Instant::now());
        let at = |seconds: f64| begin + Duration::from_secs_f64(seconds);
        assert!((0..100).all(|n| budget.take_at(at(f64::from(n)))));
        let burst = (0..10).filter(|_| budget.take_at(at(110.0))).count();
        assert_eq!(burst, 3);
        let two_a_second = (0..20).filter(|n| budget.take_at(at(110.0 + f64::from(*n) / 2.0))).count();
        assert!((9..=10).contains(&two_a_second), "{two_a_second}");
    }

    #[test]
    fn without_a_rate_all_may_call() {
        let budget = Budget::new(None);
        assert!((0..1_000).all(|_| budget.take()));
    }
}
