//! How eagerly a worker looks for work: awake and polling under load, asleep and notified otherwise, so that HubSoft's
//! transactions pay for a notification only where it saves time.

use std::time::{Duration, Instant};

use crate::{claim, clock, intake};

/// Rows a second above which a worker stays awake and polls instead of being notified.
const BUSY_RATE: f64 = 500.0;
const BUSY_POLL: Duration = Duration::from_millis(3);

/// How eagerly a worker looks for work: awake and polling under load, asleep and notified otherwise.
pub(crate) struct Pace {
    idle: Duration,
    /// How long an announced sleep counts: longer than the time until it is announced again.
    pub(crate) announced: Duration,
    /// Since when it is announced that this worker sleeps.
    pub(crate) asleep: Option<Instant>,
    /// Rows taken in during the last second, about.
    rate: f64,
    rated: Instant,
    last_intake: Instant,
    claim_next: bool,
    /// From where a claim reads.
    pub(crate) marks: claim::Marks,
}

impl Pace {
    pub(crate) fn new(idle: Duration) -> Self {
        let now = clock::monotonic();
        Self {
            idle,
            announced: idle * 3 + Duration::from_millis(500),
            asleep: None,
            rate: 0.0,
            rated: now,
            last_intake: now,
            claim_next: true,
            marks: claim::Marks::default(),
        }
    }

    pub(crate) fn busy(&self) -> bool {
        self.rate > BUSY_RATE
    }

    /// With full hands the outbox is read now and then only: enough to see urgent work.
    pub(crate) fn takes_in(&self, free: usize) -> bool {
        free > 0 || self.last_intake.elapsed() > Duration::from_millis(250)
    }

    pub(crate) fn took(&mut self, rows: usize) {
        let decay = 0.5_f64.powf(self.rated.elapsed().as_secs_f64() * 4.0);
        self.rate = self.rate * decay + f64::from(u32::try_from(rows).unwrap_or(u32::MAX)) * 2.0;
        self.rated = clock::monotonic();
        self.last_intake = self.rated;
        // What was taken in but not held at once is there to be claimed.
        self.claim_next |= rows >= intake::BATCH;
    }

    pub(crate) fn claims(&self) -> bool {
        self.claim_next
    }

    pub(crate) fn claimed(&mut self, count: usize) {
        self.claim_next = count > 0;
    }

    pub(crate) fn claims_next(&mut self) {
        self.claim_next = true;
    }

    /// Whether it falls asleep now, or the announcement of its sleep is about to run out.
    pub(crate) fn announces_sleep(&mut self) -> bool {
        let slept = self.asleep.is_some_and(|since| since.elapsed() < 2 * self.idle);
        if self.busy() {
            self.asleep = None;
        } else if !slept {
            self.asleep = Some(clock::monotonic());
            return true;
        }
        false
    }

    pub(crate) fn rest(&self, until_due: Option<Duration>, hands_full: bool) -> Duration {
        let rest = if hands_full || self.busy() { BUSY_POLL } else { self.idle };
        until_due.map_or(rest, |due| due.min(rest))
    }
}
