//! The gate to one upstream in this process: who is in, who waits in which lane, and what is known of the upstream.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::{Notify, oneshot};
use uuid::Uuid;

use super::{Close, Closed, Length, Permit, Refused, Upstreams, outage::Streak, permit::Tie, tally::Tally, turns};
use crate::{clock, workflow::Lane};

/// How long a call waits for a hand of an upstream that has no limit. One which answers frees some within that time.
const PATIENCE: Duration = Duration::from_secs(1);
/// No call ended for so long: waiting here would only block the worker.
const JAMMED: Duration = Duration::from_secs(2);
/// What waits in this process for a limited upstream is used up in about two seconds; the rest waits in Postgres, where
/// urgent work overtakes it.
const SECONDS_OF_WORK: f64 = 2.0;
/// No more than this waits in this process, however much an upstream takes.
const MOST_WAITING: usize = 500;
/// Turns of urgent work in a row that pass over bulk work.
const PASSES: u32 = 9;
/// For so long nobody asks again whether a probe is still under way.
const PROBED: Duration = Duration::from_millis(500);

/// What was last read of an upstream.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// Closed when it was read, and that moment.
    pub(super) closed: Option<(Closed, Instant)>,
    /// One call has to succeed before others are made.
    pub(super) probes: bool,
    pub(super) rate: Option<f64>,
    pub(super) at_once: Option<u32>,
    /// Workflows wait for it in Postgres.
    pub(super) waits: bool,
}

impl Known {
    fn closed(&self, now: Instant) -> Option<Closed> {
        let (closed, read_at) = self.closed.as_ref()?;
        let Some(length) = closed.remaining else { return Some(closed.clone()) };
        let rest = length.saturating_sub(now.duration_since(*read_at));
        (!rest.is_zero()).then(|| Closed { remaining: Some(rest), ..closed.clone() })
    }

    /// Whether another call may take the place of one that ended beside `busy` others, without asking.
    fn leaves_its_place(&self, busy: usize, now: Instant) -> bool {
        let open = self.closed(now).is_none() && !self.probes;
        open && self.rate.is_none() && self.at_once.is_none_or(|most| busy < most as usize)
    }

    /// Whether Postgres has to be asked for turns. It has where it was closed a moment ago: calls begin slowly then.
    fn limited(&self) -> bool {
        self.rate.is_some() || self.at_once.is_some() || self.closed.is_some() || self.probes
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number, rounded up")]
    fn bound(&self) -> usize {
        let by_rate = self.rate.map_or(MOST_WAITING, |rate| (rate * SECONDS_OF_WORK).ceil() as usize);
        let by_number = self.at_once.map_or(MOST_WAITING, |n| 2 * n as usize);
        if self.closed.is_some() || self.probes { 2 } else { by_rate.min(by_number).clamp(2, MOST_WAITING) }
    }

    /// So much bulk work may wait in this process however much else does: about as many as have a turn among the others.
    fn bulk(&self) -> usize {
        self.bound().div_ceil(PASSES as usize + 1)
    }
}

type Waiter = oneshot::Sender<Result<Permit, Refused>>;

#[derive(Debug)]
struct State {
    known: Known,
    /// Calls under way.
    busy: usize,
    /// Calls that may be under way, by Postgres; nothing where their number is not limited.
    held: usize,
    /// Others want what this worker does not use.
    crowded: bool,
    waiting: [VecDeque<Waiter>; 3],
    /// A task asks for turns.
    pumping: bool,
    /// When a call last ended.
    ended_at: Instant,
    probed_until: Option<Instant>,
    /// When it was last closed or opened: what began before says nothing about now.
    turned_at: Instant,
    streak: Streak,
    passed: u32,
}

/// The gate.
#[derive(Debug)]
pub(super) struct Gate {
    pub(super) id: String,
    pub(super) tally: Tally,
    state: Mutex<State>,
    /// A call ended, or a more urgent one came: the turns are to be looked at anew.
    pub(super) changed: Notify,
    /// A call to an unlimited upstream ended.
    freed: Notify,
}

enum Entry {
    In(Permit),
    Turn(Tie, oneshot::Receiver<Result<Permit, Refused>>),
    Out(Refused),
    Full,
}

/// What the task that asks for turns has to ask for.
pub(super) struct Asking {
    pub(super) waiting: [i32; 3],
    pub(super) busy: i32,
    /// More is held than used.
    pub(super) gives_back: bool,
}

impl Gate {
    pub(super) fn new(id: &str) -> Self {
        let now = clock::monotonic();
        let state = State {
            known: Known::default(),
            busy: 0,
            held: 0,
            crowded: false,
            waiting: Default::default(),
            pumping: false,
            ended_at: now,
            probed_until: None,
            turned_at: now,
            streak: Streak::default(),
            passed: 0,
        };
        let (changed, freed) = (Notify::new(), Notify::new());
        Self { id: id.to_owned(), tally: Tally::of(id), state: Mutex::new(state), changed, freed }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a call may begin, unless that takes too long.
    pub(super) async fn enter(
        self: Arc<Self>,
        all: &Arc<Upstreams>,
        lane: Lane,
        patient: bool,
    ) -> Result<Permit, Refused> {
        let until = clock::monotonic() + PATIENCE;
        loop {
            match self.try_to_enter(all, lane, patient) {
                Entry::In(permit) => return Ok(permit),
                Entry::Out(refused) => return Err(refused),
                Entry::Turn(tie, turn) => {
                    return turn.await.unwrap_or(Err(Refused::Busy)).map(|permit| permit.tied(tie));
                }
                Entry::Full => {}
            }
            let left = until.saturating_duration_since(clock::monotonic());
            if left.is_zero() {
                return Err(Refused::Busy);
            }
            tokio::select! {
                () = self.freed.notified() => {}
                () = clock::sleep(left) => {}
            }
        }
    }

    fn try_to_enter(self: &Arc<Self>, all: &Arc<Upstreams>, lane: Lane, patient: bool) -> Entry {
        let now = clock::monotonic();
        let mut s = self.lock();
        if let Some(closed) = s.known.closed(now) {
            return Entry::Out(Refused::Closed(closed));
        }
        if !s.known.limited() || all.link().is_none() {
            return match all.has_room(s.busy) {
                true => {
                    s.begin(now);
                    drop(s);
                    Entry::In(self.permit(all, false).tied(Tie::new(all)))
                }
                false if s.busy > 0 && now.duration_since(s.ended_at) > JAMMED => Entry::Out(Refused::Busy),
                false => Entry::Full,
            };
        }
        if s.probed_until.is_some_and(|until| now < until) {
            return Entry::Out(Refused::Closed(s.being_probed()));
        }
        // Nobody is kept out by less urgent work; and who is in the middle of a change rather waits than looks again later.
        let before: usize = s.waiting.iter().take(lane as usize + 1).map(VecDeque::len).sum();
        let bound = s.known.bound() * if patient { 2 } else { 1 };
        let never_starved = lane == Lane::Bulk && s.waiting[lane as usize].len() < s.known.bulk();
        if before >= bound && !never_starved || !all.has_room(s.busy + s.queued()) {
            return Entry::Out(Refused::Busy);
        }
        let (waiter, turn) = oneshot::channel();
        let line = &mut s.waiting[lane as usize];
        line.push_back(waiter);
        if line.len() == 1 {
            self.changed.notify_one();
        }
        if !std::mem::replace(&mut s.pumping, true) {
            tokio::spawn(turns::ask_for(Arc::clone(all), Arc::clone(self)));
        }
        Entry::Turn(Tie::new(all), turn)
    }

    fn permit(self: &Arc<Self>, all: &Arc<Upstreams>, probe: bool) -> Permit {
        Permit::new(Arc::clone(self), Arc::clone(all), probe)
    }

    /// What there is to ask for; `None`: nothing any more, and the task that asks ends.
    pub(super) fn asking(&self) -> Option<Asking> {
        let mut s = self.lock();
        if s.queued() == 0 && s.held == 0 {
            s.pumping = false;
            return None;
        }
        let count = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
        let waiting = std::array::from_fn(|lane| count(s.waiting[lane].len()));
        Some(Asking { waiting, busy: count(s.busy), gives_back: s.held > s.busy })
    }

    /// Lets the next one of a lane in, or of the most urgent lane in which somebody waits; whether there was one.
    pub(super) fn let_in(self: &Arc<Self>, all: &Arc<Upstreams>, lane: Option<usize>, probe: bool) -> bool {
        loop {
            let waiter = {
                let mut s = self.lock();
                let Some(waiter) = s.next(lane) else { return false };
                s.begin(clock::monotonic());
                waiter
            };
            // Who does not wait any more leaves the permit to be dropped, and the next one is let in.
            if waiter.send(Ok(self.permit(all, probe))).is_ok() {
                return true;
            }
            if probe {
                return false; // given back by its drop
            }
        }
    }

    /// Sends away all who wait.
    pub(super) fn send_away(&self, why: &Refused) {
        let waiting: Vec<Waiter> = self.lock().waiting.iter_mut().flat_map(std::mem::take).collect();
        for waiter in waiting {
            let _gone = waiter.send(Err(why.clone()));
        }
    }

    /// What Postgres last granted.
    pub(super) fn granted(&self, held: i32, crowded: bool) {
        let mut s = self.lock();
        (s.held, s.crowded) = (usize::try_from(held).unwrap_or_default(), crowded);
    }

    /// A call ended. Where only the number of calls is limited, and nobody else wants it, the next one takes its place.
    pub(super) fn left(self: &Arc<Self>, all: &Arc<Upstreams>) {
        let takes_its_place = {
            let mut s = self.lock();
            s.busy = s.busy.saturating_sub(1);
            s.ended_at = clock::monotonic();
            s.known.leaves_its_place(s.busy, s.ended_at) && s.held > s.busy && !s.crowded && s.queued() > 0
        };
        if takes_its_place {
            self.let_in(all, None, false);
        } else {
            self.changed.notify_one();
        }
        self.freed.notify_one();
    }

    /// It is being probed: who asks meanwhile is told so without a statement.
    pub(super) fn is_probed(&self) -> Closed {
        let mut s = self.lock();
        s.probed_until = Some(clock::monotonic() + PROBED);
        s.being_probed()
    }

    /// Why it is closed, as far as this process knows.
    pub(super) fn why_closed(&self, remaining: Option<Duration>) -> Closed {
        let s = self.lock();
        s.known.closed.as_ref().map_or_else(|| unexplained(remaining), |(c, _)| Closed { remaining, ..c.clone() })
    }

    /// What was read of it.
    pub(super) fn learn(&self, known: Known) {
        let mut s = self.lock();
        if s.known.closed.is_some() != known.closed.is_some() {
            s.turned_at = clock::monotonic();
            s.streak.answered();
        }
        if !known.probes {
            s.probed_until = None;
        }
        s.known = known;
    }

    /// This process has just closed it, and sends away who waits; one that is closed for longer stays so. Whether it was open until
    /// now.
    pub(super) fn note_closed(&self, close: &Close, by: &str) -> bool {
        let now = clock::monotonic();
        let remaining = match close.length {
            Length::For(length) => Some(length),
            Length::UntilOpened => None,
            // As long as the first pause is; a longer one is read soon.
            Length::UntilProbed => Some(Duration::from_secs(5)),
        };
        let mut s = self.lock();
        let before = s.known.closed(now);
        let was_open = before.is_none();
        let longer = before.is_some_and(|c| match (c.remaining, remaining) {
            (None, _) => true,
            (Some(is), Some(new)) => is >= new,
            (Some(_), None) => false,
        });
        if !longer {
            let closed = Closed { remaining, reason: close.reason.clone(), closed_by: by.to_owned() };
            s.known.closed = Some((closed, now));
            s.known.probes = close.length == Length::UntilProbed;
            s.turned_at = now;
            s.streak.answered();
        }
        let closed = s.known.closed(now);
        drop(s);
        if let Some(closed) = closed {
            self.send_away(&Refused::Closed(closed));
        }
        was_open
    }

    /// A call that began then failed: whether the upstream is to be closed for it.
    pub(super) fn failed(&self, began: Instant, of: Option<Uuid>, answered: bool) -> bool {
        let mut s = self.lock();
        began >= s.turned_at && s.streak.failed(clock::monotonic(), of, answered)
    }

    pub(super) fn answered(&self) {
        self.lock().streak.answered();
    }

    /// How many of those that wait for it in Postgres this worker has room for, and for how much bulk work in any case.
    pub(super) fn room(&self, all: &Upstreams) -> (usize, usize) {
        let (now, s) = (clock::monotonic(), self.lock());
        if !s.known.waits || s.known.closed(now).is_some() || s.probed_until.is_some_and(|until| now < until) {
            return (0, 0);
        }
        let untied = all.untied().saturating_sub(s.busy + s.queued()) / 2;
        let most = if s.known.probes {
            usize::from(s.busy + s.queued() == 0)
        } else if s.known.limited() {
            s.known.bound().saturating_sub(s.queued())
        } else {
            MOST_WAITING
        };
        let bulk = if s.known.limited() && !s.known.probes {
            s.known.bulk().saturating_sub(s.waiting[Lane::Bulk as usize].len())
        } else {
            0
        };
        (most.min(untied), bulk.min(untied))
    }

    /// A new lease has begun: what the old one held is nobody's.
    pub(super) fn begin_anew(&self) {
        let mut s = self.lock();
        (s.held, s.crowded, s.probed_until) = (0, false, None);
    }
}

impl State {
    fn queued(&self) -> usize {
        self.waiting.iter().map(VecDeque::len).sum()
    }

    fn begin(&mut self, now: Instant) {
        if self.busy == 0 {
            self.ended_at = now;
        }
        self.busy += 1;
    }

    fn next(&mut self, lane: Option<usize>) -> Option<Waiter> {
        if let Some(lane) = lane {
            return self.waiting.get_mut(lane)?.pop_front();
        }
        let [interactive, change, bulk] = &mut self.waiting;
        if self.passed >= PASSES || interactive.is_empty() && change.is_empty() {
            self.passed = 0;
            return bulk.pop_front().or_else(|| interactive.pop_front()).or_else(|| change.pop_front());
        }
        self.passed += u32::from(!bulk.is_empty());
        interactive.pop_front().or_else(|| change.pop_front())
    }

    fn being_probed(&self) -> Closed {
        let remaining = Some(Duration::from_secs(1));
        self.known.closed.as_ref().map_or_else(|| unexplained(remaining), |(c, _)| Closed { remaining, ..c.clone() })
    }
}

fn unexplained(remaining: Option<Duration>) -> Closed {
    let reason = "a plataforma está fechada / the platform is closed".to_owned();
    Closed { remaining, reason, closed_by: "enlace".to_owned() }
}
