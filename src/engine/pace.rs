//! How eagerly a worker looks for work: awake and polling under load, asleep and notified otherwise, so that HubSoft's
//! transactions pay for a notification only where it saves time.

use std::time::{Duration, Instant};

use crate::{claim, clock, intake};

/// Rows a second above which a worker stays awake and polls instead of being notified. Far below what notifying every commit
/// allows on a slow machine: there HubSoft would be slowed down to less than this, and go on being notified about.
const BUSY_RATE: f64 = 100.0;
/// Such a rate for so long keeps it awake, until it has not been seen for a while: where many commit at once, they queue behind each
/// other's notifications from the first moment on.
const BURST: Duration = Duration::from_millis(25);
const AWAKE: Duration = Duration::from_millis(300);
/// And for so long it is a load.
const LOAD: Duration = Duration::from_millis(250);
const BUSY_POLL: Duration = Duration::from_millis(3);
/// With hands to spare, what comes in such numbers is taken in in fewer, larger groups: each costs a commit for every step, and
/// HubSoft, whose rows they are, needs the machine as well.
const GATHERED_POLL: Duration = Duration::from_millis(30);
/// How often more is taken in than there are hands for, so that what is urgent is found behind what is not. What goes straight
/// into hands costs least: where hands are free again soon, the rest may wait in the outbox for longer.
const AHEAD: Duration = Duration::from_millis(100);
const AHEAD_OF_QUICK_HANDS: Duration = Duration::from_millis(500);
/// Workflows a second through a worker's hands that make them quick.
const QUICK: f64 = 1000.0;

/// How eagerly a worker looks for work: awake and polling under load, asleep and notified otherwise.
pub(crate) struct Pace {
    idle: Duration,
    /// How long an announced sleep counts: longer than the time until it is announced again.
    announced: Duration,
    /// Since when it is announced that this worker sleeps.
    pub(crate) asleep: Option<Instant>,
    awake_until: Option<Instant>,
    /// As it was last announced: whoever is not told to notify is looked for.
    looks_by_itself: bool,
    bursts: Rate,
    taken_in: Rate,
    into_hands: Rate,
    last_ahead: Option<Instant>,
    claim_next: bool,
    /// Once, at the next turn.
    claim_later: bool,
    /// From where a claim reads.
    pub(crate) marks: claim::Marks,
}

/// How many a second, about, lately.
struct Rate {
    /// After so long half of it is forgotten.
    half: Duration,
    value: f64,
    at: Option<Instant>,
}

impl Rate {
    fn over(half: Duration) -> Self {
        Self { half, value: 0.0, at: None }
    }

    fn add(&mut self, count: usize) {
        let count = f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        self.value = self.a_second() + count / (2.0 * self.half.as_secs_f64());
        self.at = Some(clock::monotonic());
    }

    fn a_second(&self) -> f64 {
        self.value * self.at.map_or(0.0, |at| 0.5_f64.powf(at.elapsed().div_duration_f64(self.half)))
    }
}

impl Pace {
    pub(crate) fn new(idle: Duration) -> Self {
        Self {
            idle,
            announced: idle * 3 + Duration::from_millis(500),
            asleep: None,
            awake_until: None,
            looks_by_itself: false,
            bursts: Rate::over(BURST),
            taken_in: Rate::over(LOAD),
            into_hands: Rate::over(LOAD),
            last_ahead: None,
            claim_next: true,
            claim_later: false,
            marks: claim::Marks::default(),
        }
    }

    fn busy(&self) -> bool {
        self.taken_in.a_second() > BUSY_RATE
    }

    /// It looks by itself, whoever inserts.
    fn awake(&self) -> bool {
        self.busy() || self.awake_until.is_some_and(|until| clock::monotonic() < until)
    }

    /// How many rows to take in now; `None`: the outbox is not even looked at.
    pub(crate) fn takes_in(&mut self, free: usize) -> Option<usize> {
        let every = if self.into_hands.a_second() < QUICK { AHEAD } else { AHEAD_OF_QUICK_HANDS };
        if self.last_ahead.is_none_or(|last| last.elapsed() > every) {
            self.last_ahead = Some(clock::monotonic());
            return Some(intake::BATCH);
        }
        (free > 0).then_some(free.min(intake::BATCH))
    }

    /// Notes an intake, and how much of it went into hands.
    pub(crate) fn took(&mut self, rows: usize, held: usize) {
        self.taken_in.add(rows);
        self.into_hands.add(held);
        self.bursts.add(rows);
        if self.bursts.a_second() > BUSY_RATE {
            self.awake_until = Some(clock::monotonic() + AWAKE);
        }
        // What came in goes first: its record is about to be written, and there is seldom anything to claim just then.
        self.claim_later = rows > 0 && rows == held && !self.claim_later;
        // What was taken in but not held at once is there to be claimed.
        self.claim_next |= rows > held;
    }

    pub(crate) fn claims(&self) -> bool {
        self.claim_next && !self.claim_later
    }

    pub(crate) fn claimed(&mut self, count: usize) {
        self.into_hands.add(count);
        self.claim_next = count > 0;
    }

    pub(crate) fn claims_next(&mut self) {
        self.claim_next = true;
    }

    /// What inserts are to know from now on: for how long this worker sleeps, where it falls asleep or that is about to run out; or
    /// that it is awake, nothing, where it was said to sleep and so much comes in that it looks by itself. Else each of HubSoft's
    /// commits would wait for the one before it to notify.
    pub(crate) fn announces(&mut self) -> Option<Duration> {
        let slept = self.asleep.is_some_and(|since| since.elapsed() < 2 * self.idle);
        self.looks_by_itself = self.awake();
        if self.looks_by_itself {
            self.asleep.take().map(|_| Duration::ZERO)
        } else if !slept {
            self.asleep = Some(clock::monotonic());
            Some(self.announced)
        } else {
            None
        }
    }

    /// Whether more comes in than one by one, with `free` of `in_flight` hands: nothing then ends a rest early.
    pub(crate) fn gathers(&self, free: usize, in_flight: usize) -> bool {
        self.busy() && free * 2 > in_flight
    }

    /// How long to rest, with `free` of `in_flight` hands.
    pub(crate) fn rest(&self, until_due: Option<Duration>, free: usize, in_flight: usize) -> Duration {
        let rest = match free {
            _ if self.gathers(free, in_flight) => return GATHERED_POLL,
            0 => BUSY_POLL,
            _ if self.looks_by_itself || self.claim_later => BUSY_POLL,
            _ => self.idle,
        };
        until_due.map_or(rest, |due| due.min(rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g14_in_a_burst_inserts_learn_at_once_that_nobody_sleeps() {
        let mut pace = Pace::new(Duration::from_millis(500));
        assert!(pace.announces().is_some_and(|sleeps| sleeps > Duration::ZERO), "idle: whoever inserts wakes it");
        assert_eq!(pace.announces(), None, "and that is said once");
        pace.took(1, 1);
        assert_eq!(pace.announces(), None, "one row is no burst");
        pace.took(5, 5);
        assert_eq!(pace.announces(), Some(Duration::ZERO), "from here on each commit would notify for nothing");
        assert_eq!(pace.announces(), None);
        assert!(pace.rest(None, 1000, 1000) <= GATHERED_POLL, "it looks by itself instead");
    }
}
