//! Leadership by a lease row: one at a time, replaced when it dies, and fenced.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use engine::{
    Error,
    leader::{self, Candidate, Term},
};
use sqlx::PgPool;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::support::{Db, toy::pass};

const LEASE: Duration = Duration::from_secs(20);

fn candidate(name: &str) -> Candidate {
    Candidate { duty: "test", name: name.to_owned(), lease: LEASE }
}

/// How many lead now, how many did at most, and the last term.
#[derive(Default)]
struct Seen {
    now: AtomicUsize,
    most: AtomicUsize,
    term: AtomicI64,
}

/// Counts itself out also where it is dropped.
struct Leading(Arc<Seen>);

impl Leading {
    fn begin(seen: &Arc<Seen>, term: Term) -> Self {
        let now = seen.now.fetch_add(1, Ordering::SeqCst) + 1;
        seen.most.fetch_max(now, Ordering::SeqCst);
        seen.term.store(term.number, Ordering::SeqCst);
        Self(Arc::clone(seen))
    }
}

impl Drop for Leading {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A candidate that leads until it is stopped.
fn start(pool: &PgPool, name: String, seen: &Arc<Seen>, stop: &CancellationToken) -> JoinHandle<()> {
    let (pool, seen, stop) = (pool.clone(), Arc::clone(seen), stop.clone());
    tokio::spawn(async move {
        leader::lead(pool, candidate(&name), stop, |term| {
            let seen = Arc::clone(&seen);
            async move {
                let _leading = Leading::begin(&seen, term);
                std::future::pending::<()>().await;
            }
        })
        .await;
    })
}

async fn who(pool: &PgPool) -> Option<String> {
    let leads = "select name from enlace.leader where duty = 'test' and lease_until > enlace.now()";
    sqlx::query_scalar(leads).fetch_optional(pool).await.unwrap()
}

/// Waits for a leader other than this one.
async fn other_than(pool: &PgPool, name: Option<&str>) -> String {
    for _ in 0..3000 {
        if let Some(leads) = who(pool).await.filter(|leads| Some(leads.as_str()) != name) {
            return leads;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nobody leads but {name:?}");
}

#[tokio::test]
async fn of_five_candidates_one_leads_and_a_dead_one_is_replaced_when_its_lease_runs_out() {
    let db = Db::new().await;
    let pool = db.pool();
    let (seen, stop) = (Arc::new(Seen::default()), CancellationToken::new());
    let running: Vec<_> = (0..5).map(|n| (n.to_string(), start(&pool, n.to_string(), &seen, &stop))).collect();
    let mut leads = other_than(&pool, None).await;
    for term in 1..=3 {
        while seen.term.load(Ordering::SeqCst) < term {
            tokio::task::yield_now().await;
        }
        let (_, dead) = running.iter().find(|(name, _)| *name == leads).unwrap();
        dead.abort();
        tokio::time::sleep(LEASE / 8 + Duration::from_millis(500)).await;
        assert_eq!(who(&pool).await.as_deref(), Some(leads.as_str()), "its lease still runs");
        pass(&pool, LEASE).await;
        leads = other_than(&pool, Some(&leads)).await;
    }
    assert_eq!(seen.most.load(Ordering::SeqCst), 1, "two led at once");
    stop.cancel();
}

#[tokio::test]
async fn a_leader_that_stops_in_order_is_replaced_at_once() {
    let db = Db::new().await;
    let pool = db.pool();
    let seen = Arc::new(Seen::default());
    let (first, second) = (CancellationToken::new(), CancellationToken::new());
    let leaving = start(&pool, "first".to_owned(), &seen, &first);
    assert_eq!(other_than(&pool, None).await, "first");
    let _other = start(&pool, "second".to_owned(), &seen, &second);
    first.cancel();
    leaving.await.unwrap();
    assert_eq!(other_than(&pool, Some("first")).await, "second");
    second.cancel();
}

#[tokio::test]
async fn a_leader_whose_term_was_taken_is_stopped() {
    let db = Db::new().await;
    let pool = db.pool();
    let (seen, stop) = (Arc::new(Seen::default()), CancellationToken::new());
    let _running = start(&pool, "slept".to_owned(), &seen, &stop);
    while seen.term.load(Ordering::SeqCst) < 1 {
        tokio::task::yield_now().await;
    }
    let taken =
        "update enlace.leader set term = term + 1, name = 'taker', lease_until = enlace.now() + interval '1 hour'";
    sqlx::query(taken).execute(&pool).await.unwrap();
    while seen.now.load(Ordering::SeqCst) > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await; // within a quarter of its lease
    }
    assert_eq!(who(&pool).await.as_deref(), Some("taker"), "it gave back what was not its own");
    stop.cancel();
}

#[tokio::test]
async fn nothing_is_written_for_a_term_that_has_ended_and_none_begins_before_the_last_write_is_done() {
    let db = Db::new().await;
    let pool = db.pool();
    let old = leader::take(&pool, &candidate("old")).await.unwrap().unwrap();
    assert_eq!(leader::take(&pool, &candidate("new")).await.unwrap(), None, "somebody leads");
    let mut writing = pool.begin().await.unwrap();
    old.holds(&mut writing).await.unwrap();
    pass(&pool, LEASE).await;
    let successor = tokio::spawn({
        let pool = pool.clone();
        async move { leader::take(&pool, &candidate("new")).await.unwrap() }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!successor.is_finished(), "a term began while the last one was being written for");
    writing.commit().await.unwrap();
    let new = successor.await.unwrap().unwrap();
    assert!(new.number > old.number);
    let mut late = pool.begin().await.unwrap();
    assert!(matches!(old.holds(&mut late).await, Err(Error::LeaseLost)));
    new.holds(&mut late).await.unwrap();
}
