//! How patiently a step is retried. The delays are persisted: nothing sleeps through one (G6).

use std::time::Duration;

use rand::Rng;

/// Exponential with full jitter, capped. Named constants of it live in `workflows/retries.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// The ceiling of the first delay.
    pub first: Duration,
    /// No delay is longer.
    pub cap: Duration,
    /// Attempts before the run is parked, the first one included.
    pub attempts: u16,
}

impl Retry {
    /// The delay after the `failures`-th failure in a row (from 1): uniform between nothing and the exponential ceiling,
    /// but never less than a twentieth of it, so that a failing platform is not hammered by a lucky draw.
    pub fn delay(&self, failures: u16, rng: &mut impl Rng) -> Duration {
        let doublings = u32::from(failures.saturating_sub(1)).min(30);
        let ceiling = self.first.saturating_mul(1 << doublings).min(self.cap);
        ceiling.mul_f64(rng.random_range(0.05..=1.0))
    }

    /// Whether `failures` in a row spend the policy.
    pub fn spent(&self, failures: u16) -> bool {
        failures >= self.attempts
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    const POLICY: Retry = Retry { first: Duration::from_secs(1), cap: Duration::from_secs(60), attempts: 5 };

    #[test]
    fn g6_delays_grow_to_the_cap_and_are_jittered() {
        let mut rng = rand::rngs::SmallRng::seed_from_u64(7);
        for (failures, ceiling) in [(1, 1.0), (2, 2.0), (4, 8.0), (7, 60.0), (60_000, 60.0)] {
            let draws: Vec<f64> = (0..500).map(|_| POLICY.delay(failures, &mut rng).as_secs_f64()).collect();
            assert!(draws.iter().all(|d| *d <= ceiling && *d >= ceiling * 0.05), "within 5 % … 100 % of {ceiling}");
            assert!(draws.iter().any(|d| *d < ceiling * 0.3) && draws.iter().any(|d| *d > ceiling * 0.7), "spread out");
        }
    }

    #[test]
    fn g6_attempts_are_counted_with_the_first() {
        assert!(!POLICY.spent(4));
        assert!(POLICY.spent(5));
    }
}
