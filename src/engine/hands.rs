//! What a worker has in hand: the workflows that it runs, and the things that they share.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex as SyncMutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::{
    sync::{Notify, mpsc},
    task::{Id, JoinError, JoinSet},
};
use uuid::Uuid;

use crate::{claim, clock, lease::Lease, record::Submitted, runner, upstream::Upstreams};

/// How long a stopping worker lets steps finish that are under way.
const GRACE: Duration = Duration::from_secs(5);

/// A worker's things, shared by the workflows that it runs.
pub(crate) struct Shop<C> {
    pub(crate) lease: Arc<Lease>,
    pub(crate) records: mpsc::Sender<Submitted<C>>,
    pub(crate) records_alone: mpsc::Sender<Submitted<C>>,
    pub(crate) upstreams: Arc<Upstreams>,
    draining: AtomicBool,
    asked: SyncMutex<HashMap<Uuid, Value>>,
    /// When something that this worker gave back falls due.
    next_due: SyncMutex<Option<Instant>>,
    /// There may be work: keys were released, or hands are free again.
    pub(crate) nudge: Notify,
}

impl<C> Shop<C> {
    pub(crate) fn new(
        lease: Arc<Lease>,
        upstreams: Arc<Upstreams>,
        records: mpsc::Sender<Submitted<C>>,
        records_alone: mpsc::Sender<Submitted<C>>,
    ) -> Self {
        Self {
            lease,
            records,
            records_alone,
            upstreams,
            draining: AtomicBool::new(false),
            asked: SyncMutex::default(),
            next_due: SyncMutex::default(),
            nudge: Notify::new(),
        }
    }

    /// What people ask of workflows in hand.
    pub(crate) fn note_asked(&self, asked: impl Iterator<Item = (Uuid, Value)>) {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).extend(asked);
    }

    pub(crate) fn draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    pub(crate) fn asked(&self, id: Uuid) -> Option<Value> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.is_empty() { None } else { asked.remove(&id) }
    }

    /// What was asked of a workflow when it was in hand before: it has been honoured since, or waits in its row.
    fn forget_asked(&self, id: Uuid) {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }

    pub(crate) fn due_in(&self, after: Duration) {
        let at = clock::monotonic() + after;
        let mut next = self.next_due.lock().unwrap_or_else(PoisonError::into_inner);
        if next.is_none_or(|n| at < n) {
            *next = Some(at);
            self.nudge.notify_one();
        }
    }

    /// How long until something falls due, forgetting what has.
    pub(crate) fn until_due(&self) -> Option<Duration> {
        let mut next = self.next_due.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock::monotonic();
        match *next {
            Some(at) if at <= now => {
                *next = None;
                Some(Duration::ZERO)
            }
            Some(at) => Some(at - now),
            None => None,
        }
    }
}

/// The workflows in a worker's hands.
pub(crate) struct Hands<C> {
    pub(crate) shop: Arc<Shop<C>>,
    running: JoinSet<Uuid>,
    /// Which, and by which task: what was just put back may be claimed again before the task before it is put away.
    ids: HashMap<Uuid, Id>,
}

impl<C: Clone + Send + Sync + 'static> Hands<C> {
    pub(crate) fn new(shop: Arc<Shop<C>>) -> Self {
        Self { shop, running: JoinSet::new(), ids: HashMap::new() }
    }

    pub(crate) fn count(&self) -> usize {
        self.ids.len()
    }

    pub(crate) fn holds(&self, id: Uuid) -> bool {
        self.ids.contains_key(&id)
    }

    pub(crate) fn take(&mut self, held: Vec<claim::Held<C>>) {
        for h in held {
            let (id, shop) = (h.run.id, Arc::clone(&self.shop));
            shop.forget_asked(id);
            let task = self.running.spawn(async move {
                let keyed = !h.keys.is_empty();
                runner::run(Arc::clone(&shop), h).await;
                if keyed {
                    shop.nudge.notify_one(); // followers may be ready
                }
                id
            });
            self.ids.insert(id, task.id());
        }
    }

    fn put_away(&mut self, done: Result<(Id, Uuid), JoinError>) {
        match done {
            Ok((task, id)) if self.shop.lease.alive() => {
                if self.ids.get(&id) == Some(&task) {
                    self.ids.remove(&id);
                }
            }
            // It may have ended because its record could not be written any more, a write without a record behind it (G3).
            Ok(_) => {}
            Err(error) if error.is_cancelled() => {}
            Err(error) => tracing::error!(%error, "a workflow's task ended badly"),
        }
    }

    pub(crate) fn tidy(&mut self) {
        while let Some(done) = self.running.try_join_next_with_id() {
            self.put_away(done);
        }
    }

    /// Lets what is under way finish, for a while; what did not is returned, interrupted.
    pub(crate) async fn lay_down(mut self) -> Vec<Uuid> {
        self.shop.draining.store(true, Ordering::Relaxed);
        let deadline = clock::monotonic() + GRACE;
        while !self.running.is_empty() && clock::monotonic() < deadline {
            tokio::select! {
                Some(done) = self.running.join_next_with_id() => self.put_away(done),
                () = clock::sleep(deadline - clock::monotonic()) => {}
            }
        }
        self.drop_all()
    }

    pub(crate) fn drop_all(mut self) -> Vec<Uuid> {
        self.running.abort_all();
        self.ids.into_keys().collect()
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::{claim::Held, record::Recorded, registry::RunView};

    /// What is put back at once: this build does not know its kind.
    fn held(id: Uuid) -> Vec<Held<()>> {
        let run = RunView { id, position: 1, enqueued_at: DateTime::UNIX_EPOCH, payload: Arc::default() };
        vec![Held::new(None, run, "working".to_owned(), Value::Null)]
    }

    /// Otherwise a worker that stops would not say of a write that it was interrupted, and it would be made twice.
    #[tokio::test]
    async fn g3_what_was_claimed_again_stays_in_hand_when_the_task_before_it_is_put_away() {
        let (records, mut written) = mpsc::channel(1);
        let lease = Lease::of_nobody(Duration::from_secs(60));
        let mut hands = Hands::new(Arc::new(Shop::new(lease, Arc::default(), records.clone(), records)));
        let id = Uuid::nil();
        hands.take(held(id));
        let first: Submitted<()> = written.recv().await.unwrap();
        assert!(first.reply.send(Recorded::Written).is_ok());
        hands.take(held(id));
        let _second = written.recv().await.unwrap();
        hands.tidy();
        assert_eq!((hands.running.len(), hands.count()), (1, 1));
        assert_eq!(hands.drop_all(), [id]);
    }
}
