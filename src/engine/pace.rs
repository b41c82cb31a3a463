//! How eagerly a worker looks for work: awake and polling under load, asleep and notified otherwise, so that HubSoft's
//! transactions pay for a notification only where it saves time.

use std::time::{Duration, Instant};

use crate::{claim, clock};

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
/// How often more is taken in than there are hands for, so that what is urgent is found behind what is not.
const AHEAD: Duration = Duration::from_millis(100);
/// What goes straight into hands costs least, and where hands are free again soon the rest may wait in the outbox: it is only
/// looked through, this often, for what is more urgent than the rest.
const AHEAD_OF_QUICK_HANDS: Duration = Duration::from_millis(500);
/// Workflows a second through a worker's hands that make them quick.
const QUICK: f64 = 1000.0;

/// Whether more is taken in than there are hands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ahead {
    /// Not now.
    No,
    /// Now.
    Yes,
    /// Now, if something may wait in the outbox that is more urgent than other work there, or than this lane's, which was taken in.
    IfUrgent(Option<i16>),
}

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
    /// What was taken in and may wait for hands: its least urgent lane.
    behind: Option<i16>,
    /// Since when whatever came free went to what was in the outbox.
    starved: Option<Instant>,
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
            behind: None,
            starved: None,
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

    /// Whether to take in more than there are hands for, this time.
    pub(crate) fn looks_ahead(&mut self) -> Ahead {
        let quick = self.into_hands.a_second() >= QUICK;
        let every = if quick && self.behind.is_none() { AHEAD_OF_QUICK_HANDS } else { AHEAD };
        if self.last_ahead.is_some_and(|last| last.elapsed() <= every) {
            return Ahead::No;
        }
        self.last_ahead = Some(clock::monotonic());
        if quick { Ahead::IfUrgent(self.behind) } else { Ahead::Yes }
    }

    /// Notes an intake: how much of it went into hands, and the least urgent lane of what did not.
    pub(crate) fn took(&mut self, rows: usize, held: usize, behind: Option<i16>) {
        self.taken_in.add(rows);
        self.into_hands.add(held);
        self.bursts.add(rows);
        if self.bursts.a_second() > BUSY_RATE {
            self.awake_until = Some(clock::monotonic() + AWAKE);
        }
        // What came in goes first: its record is about to be written, and there is seldom anything to claim just then.
        self.claim_later = rows > 0 && rows == held && !self.claim_later;
        // What was taken in but not held at once is there to be claimed.
        self.behind = self.behind.max(behind);
        self.claim_next |= self.behind.is_some();
    }

    /// Before anything is taken in: what waits in the outbox would have all the hands else, however urgent what waits here is, and
    /// for however long it was due.
    pub(crate) fn claims_first(&self) -> bool {
        self.behind.is_some() || self.starved.is_some_and(|since| since.elapsed() > AHEAD)
    }

    /// Notes that no hand was left to claim with.
    pub(crate) fn starves(&mut self) {
        self.starved.get_or_insert_with(clock::monotonic);
    }

    pub(crate) fn claims(&self) -> bool {
        self.claim_next && !self.claim_later
    }

    /// Notes a claim of up to `most`.
    pub(crate) fn claimed(&mut self, count: usize, most: usize) {
        self.starved = None;
        self.into_hands.add(count);
        self.behind = self.behind.filter(|_| count == most);
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
        pace.took(1, 1, None);
        assert_eq!(pace.announces(), None, "one row is no burst");
        pace.took(5, 5, None);
        assert_eq!(pace.announces(), Some(Duration::ZERO), "from here on each commit would notify for nothing");
        assert_eq!(pace.announces(), None);
        assert!(pace.rest(None, 1000, 1000) <= GATHERED_POLL, "it looks by itself instead");
    }

    #[test]
    fn g7_quick_hands_leave_in_the_outbox_what_is_not_urgent() {
        let mut pace = Pace::new(Duration::from_millis(500));
        assert_eq!(pace.looks_ahead(), Ahead::Yes, "nobody knows yet how quick they are");
        assert_eq!(pace.looks_ahead(), Ahead::No, "not at every turn");
        pace.took(2000, 2000, None);
        pace.last_ahead = clock::monotonic().checked_sub(AHEAD_OF_QUICK_HANDS);
        assert_eq!(pace.looks_ahead(), Ahead::IfUrgent(None));
        pace.last_ahead = clock::monotonic().checked_sub(AHEAD);
        assert_eq!(pace.looks_ahead(), Ahead::No, "and less often than with slow ones");
        pace.took(10, 5, Some(2));
        assert_eq!(
            pace.looks_ahead(),
            Ahead::IfUrgent(Some(2)),
            "unless they would all go to what was taken in before"
        );
        pace.claimed(3, 10);
        assert!(!pace.claims_first(), "it is all in hands");
    }

    #[test]
    fn g7_what_is_due_has_hands_beside_an_outbox_that_would_take_all_of_them() {
        let mut pace = Pace::new(Duration::from_millis(500));
        pace.starves();
        assert!(!pace.claims_first(), "for a moment what comes in goes first");
        pace.starved = clock::monotonic().checked_sub(2 * AHEAD);
        pace.starves();
        assert!(pace.claims_first());
        pace.claimed(0, 10);
        assert!(!pace.claims_first(), "nothing was due");
    }
}
