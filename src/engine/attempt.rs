//! What is known while a step runs: the calls that it makes, and whether it may still make one.
//!
//! Platforms know nothing of the engine; whoever ties the two together asks [`may_call`] before each call and tells
//! [`note_call`] after it. Both find the running attempt by themselves.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use uuid::Uuid;

use crate::{lease::Lease, workflow::Lane};

/// One call to an upstream, as the history shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Call {
    /// `GET`, `POST`, …
    pub method: String,
    /// Path and query, without secrets and personal data.
    pub path: String,
    /// The status; `None` where there was no answer.
    pub status: Option<u16>,
    /// Milliseconds.
    pub ms: u64,
}

/// A call, and the database's time when it was over.
type Timed = (Call, DateTime<Utc>);

/// The attempt under way.
#[derive(Clone)]
pub(crate) struct Attempt {
    calls: Arc<Mutex<Vec<Timed>>>,
    lease: Arc<Lease>,
    of: Uuid,
    lane: Lane,
    /// It writes to an upstream.
    writes: bool,
}

impl Attempt {
    pub(crate) fn new(lease: Arc<Lease>, of: Uuid, lane: Lane, writes: bool) -> Self {
        Self { calls: Arc::default(), lease, of, lane, writes }
    }

    pub(crate) fn take_calls(&self) -> (Vec<Call>, Vec<DateTime<Utc>>) {
        std::mem::take(&mut *self.calls.lock().unwrap_or_else(PoisonError::into_inner)).into_iter().unzip()
    }
}

tokio::task_local! {
    static CURRENT: Attempt;
}

/// Does the work of an attempt, for as long as its worker holds its lease; `None`: the lease is gone. It is asked for again each
/// time before the work goes on: a process that was stopped between a step's leave to call and the call makes none when it is let
/// go on, long after somebody else has taken the workflow over (G5).
pub(crate) async fn within<T>(attempt: Attempt, work: impl Future<Output = T>) -> Option<T> {
    let lease = Arc::clone(&attempt.lease);
    let mut work = pin!(CURRENT.scope(attempt, work));
    poll_fn(|cx| if lease.alive() { work.as_mut().poll(cx).map(Some) } else { Poll::Ready(None) }).await
}

/// Notes a call in the history of the step that is running; does nothing outside of one.
pub fn note_call(call: Call) {
    let _outside_of_a_step = CURRENT.try_with(|a| {
        let ended_at = a.lease.clock.now();
        a.calls.lock().unwrap_or_else(PoisonError::into_inner).push((call, ended_at));
    });
}

/// Whether a call may begin: a worker that lost its lease begins none (G5). Outside of a step there is no lease to lose.
pub fn may_call() -> bool {
    CURRENT.try_with(|a| a.lease.alive()).unwrap_or(true)
}

/// The lane of the step that is running, and whether it writes to an upstream.
pub(crate) fn standing() -> Option<(Lane, bool)> {
    CURRENT.try_with(|a| (a.lane, a.writes)).ok()
}

/// The workflow whose step is running.
pub(crate) fn workflow() -> Option<Uuid> {
    CURRENT.try_with(|a| a.of).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::{FutureExt, task::noop_waker_ref};
    use tokio::sync::oneshot;

    use super::*;

    #[test]
    fn g5_a_step_that_waits_while_its_lease_ends_does_not_go_on() {
        let lease = Lease::of_nobody(Duration::from_secs(60));
        let attempt = Attempt::new(Arc::clone(&lease), Uuid::nil(), Lane::Change, true);
        let (connected, connecting) = oneshot::channel();
        let mut called = false;
        {
            let step = async {
                assert!(may_call());
                connecting.await.unwrap();
                called = true;
            };
            let mut step = pin!(within(attempt, step));
            let mut cx = std::task::Context::from_waker(noop_waker_ref());
            assert!(step.as_mut().poll_unpin(&mut cx).is_pending());
            lease.lose();
            connected.send(()).unwrap();
            assert!(matches!(step.as_mut().poll_unpin(&mut cx), Poll::Ready(None)));
        }
        assert!(!called);
    }
}
