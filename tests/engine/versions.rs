//! G10: builds of different versions on one database, one after the other and side by side.

mod builds;

use std::{collections::HashMap, sync::Arc, time::Duration};

use rand::{Rng, SeedableRng, rngs::SmallRng};
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

use crate::support::Db;
use crate::support::toy::{self, Ledger, Running, pass, reaches, status};
use builds::{Build, enqueue, enqueue_later, shift};

async fn one<T>(pool: &PgPool, question: &'static str, id: Uuid) -> T
where
    T: Send + Unpin + for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    sqlx::query_scalar(question).bind(id).fetch_one(pool).await.unwrap()
}

async fn runs(pool: &PgPool, id: Uuid) {
    while status(pool, id).await.0 != "running" {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn g10_what_no_build_knows_is_parked_whole_and_goes_on_in_its_place_once_one_does() {
    let db = toy::db().await;
    let pool = db.pool();
    let ledger = Arc::new(Ledger::default());
    let old = Build::Old.start(&db, &ledger, "old");
    let earlier = enqueue_later(&pool, "shift", shift("a", 1), 600).await;
    let novel = enqueue(&pool, "novel", json!({ "keys": ["a", "b"] })).await;
    let later = enqueue_later(&pool, "shift", shift("b", 1), 500).await;
    let last = enqueue(&pool, "shift", shift("b", 1)).await;
    reaches(&pool, novel, "parked").await;
    let (_, _, explanation) = status(&pool, novel).await;
    assert!(explanation.ends_with("this build does not know the kind \"novel\""), "{explanation}");
    assert_eq!(status(&pool, last).await.0, "waiting", "it is behind the one before it");

    let new = Build::New.start(&db, &ledger, "new");
    reaches(&pool, novel, "waiting").await;
    let (_, _, explanation) = status(&pool, novel).await;
    assert_eq!(explanation, format!("waits for workflow {earlier} (shift), ahead of it on a"));
    let (_, _, explanation) = status(&pool, later).await;
    assert_eq!(explanation, format!("waits for workflow {novel} (novel), ahead of it on b"));
    pass(&pool, Duration::from_secs(550)).await; // later is due, earlier is not
    for id in [earlier, novel, later, last] {
        assert_ne!(status(&pool, id).await.0, "running");
    }
    assert!(ledger.order().is_empty(), "{:?}", ledger.order());
    pass(&pool, Duration::from_secs(60)).await;
    for id in [earlier, novel, later, last] {
        reaches(&pool, id, "succeeded").await;
    }
    assert_eq!(ledger.order(), [earlier, novel, later, last]);
    old.stop().await;
    new.stop().await;
}

#[tokio::test]
async fn g10_who_overtook_a_parked_one_is_not_interrupted_and_nobody_else_passes() {
    let db = toy::db().await;
    let pool = db.pool();
    let ledger = Arc::new(Ledger::default());
    let old = Build::Old.start(&db, &ledger, "old");
    let novel = enqueue(&pool, "novel", json!({ "keys": ["a"] })).await;
    reaches(&pool, novel, "parked").await;
    let held = enqueue(&pool, "shift", json!({ "keys": ["a"], "steps": 1, "hold": true })).await;
    runs(&pool, held).await;
    let new = Build::New.start(&db, &ledger, "new");
    while one::<i64>(&pool, "select count(*) from enlace.run_key where id = $1", novel).await == 0 {
        assert_eq!(status(&pool, novel).await.0, "parked", "one of a key at a time");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let next = enqueue(&pool, "shift", shift("a", 1)).await;
    reaches(&pool, next, "waiting").await;
    let looks = "select count(*) from enlace.intake where id > (select position >> 20 from enlace.run where id = $1)";
    let before: i64 = one(&pool, looks, next).await;
    while one::<i64>(&pool, looks, next).await == before {
        assert_eq!(status(&pool, novel).await.0, "parked", "one of a key at a time");
        tokio::time::sleep(Duration::from_millis(10)).await; // until the new worker has looked at it again
    }
    ledger.let_go.notify_one();
    for id in [held, novel, next] {
        reaches(&pool, id, "succeeded").await;
    }
    assert_eq!(ledger.order(), [held, novel, next]);
    old.stop().await;
    new.stop().await;
}

#[tokio::test]
async fn g10_a_parked_ones_time_is_kept_when_it_goes_on() {
    let db = toy::db().await;
    let pool = db.pool();
    let ledger = Arc::new(Ledger::default());
    let old = Build::Old.start(&db, &ledger, "old");
    let novel = enqueue_later(&pool, "novel", json!({ "keys": ["a"] }), 3600).await;
    reaches(&pool, novel, "parked").await;
    let due = "select extract(epoch from r.due_at - o.not_before)::float8 from enlace.run r join enlace.outbox o using (id) where r.id = $1";
    let new = Build::New.start(&db, &ledger, "new");
    reaches(&pool, novel, "waiting").await;
    let off: f64 = one(&pool, due, novel).await;
    assert_eq!(off, 0.0, "it waits until when it was to wait");
    assert!(ledger.order().is_empty());
    pass(&pool, Duration::from_secs(3601)).await;
    reaches(&pool, novel, "succeeded").await;
    old.stop().await;
    new.stop().await;
}

#[tokio::test]
async fn g10_a_run_of_an_older_version_is_upgraded_and_older_builds_leave_it_alone_from_then_on() {
    let db = toy::db().await;
    let pool = db.pool();
    let ledger = Arc::new(Ledger::default());
    let first = Build::Old.start(&db, &ledger, "first");
    let id = enqueue(&pool, "shift", json!({ "keys": ["a"], "steps": 2, "hold": true })).await;
    while ledger.of(id).len() < 2 {
        tokio::task::yield_now().await; // one step is recorded, the last one hangs
    }
    dies(&pool, first, "first").await;

    let new = Build::New.start(&db, &ledger, "new");
    while ledger.of(id).len() < 4 {
        tokio::task::yield_now().await; // it has worked, and hangs where the old build has no state
    }
    let did: Vec<_> = ledger.of(id).into_iter().collect();
    let did: Vec<(usize, &str)> = did.iter().map(|(step, what)| (*step, what.as_str())).collect();
    assert_eq!(did, [(2, "old"), (1, "old"), (1, "new work of version 1"), (1, "new check of version 1")]);
    let data: serde_json::Value =
        one(&pool, "select data from enlace.step where id = $1 and data is not null order by n desc limit 1", id).await;
    assert_eq!(data, json!({ "state": "checking", "rounds": 1, "@version": 2 }));

    // The new build dies in the middle; the old one looks at all that is there and leaves this one alone.
    let old = Build::Old.start(&db, &ledger, "old");
    dies(&pool, new, "new").await;
    reaches(&pool, id, "queued").await;
    for _ in 0..3 {
        let other = enqueue(&pool, "shift", shift("b", 1)).await;
        reaches(&pool, other, "succeeded").await;
    }
    let follower = enqueue(&pool, "shift", shift("a", 1)).await;
    reaches(&pool, follower, "waiting").await;
    assert_eq!(status(&pool, id).await.0, "queued");
    let attempts: i64 = one(&pool, "select count(*) from enlace.step where id = $1 and error is not null", id).await;
    assert_eq!(attempts, 0, "nobody tried and failed to decode it");

    let again = Build::New.start(&db, &ledger, "again");
    while ledger.of(id).len() < 5 {
        tokio::task::yield_now().await;
    }
    ledger.let_go.notify_waiters();
    reaches(&pool, id, "succeeded").await;
    reaches(&pool, follower, "succeeded").await;
    assert_eq!(
        one::<i32>(&pool, "select version from enlace.finished where id = $1", id).await,
        1,
        "that of its start"
    );
    old.stop().await;
    again.stop().await;
}

#[tokio::test]
async fn g10_data_that_does_not_decode_is_parked_whole_and_resumed_by_a_build_that_decodes_it() {
    let db = toy::db().await;
    let pool = db.pool();
    let ledger = Arc::new(Ledger::default());
    let id = enqueue_later(&pool, "shift", shift("a", 2), 60).await;
    let old = Build::Old.start(&db, &ledger, "old");
    reaches(&pool, id, "waiting").await;
    // As if a build had stored something under the old version that belongs to the new one.
    let step = "insert into enlace.step (id, n, attempt, state, outcome, next_state, data, began_at, ended_at)
                values ($1, 1, 1, 'working', 'done', 'working', '{\"state\": \"working\", \"rounds\": 1}', enlace.now(), enlace.now())";
    while one::<i64>(&pool, "select count(*) from enlace.run where id = $1", id).await == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    sqlx::query(step).bind(id).execute(&pool).await.unwrap();
    pass(&pool, Duration::from_secs(61)).await;
    reaches(&pool, id, "parked").await;
    let (_, _, explanation) = status(&pool, id).await;
    assert!(explanation.contains("cannot read it") && explanation.contains("left"), "{explanation}");
    let new = Build::New.start(&db, &ledger, "new");
    reaches(&pool, id, "succeeded").await;
    let parked: i64 = one(&pool, "select count(*) from enlace.step where id = $1 and outcome = 'parked'", id).await;
    assert_eq!(parked, 1, "it was parked once: the old build did not get it again");
    old.stop().await;
    new.stop().await;
}

#[tokio::test]
async fn g13_a_worker_that_knows_more_and_does_not_take_in_stops_nobody_for_long() {
    let db = toy::db().await;
    let pool = db.pool();
    let ledger = Arc::new(Ledger::default());
    let alive = "insert into enlace.worker (name, build, knows, lease_until)
                 values ('hung', '2', '{\"shift\": 1, \"novel\": 1}', enlace.now() + interval '1 hour')";
    sqlx::query(alive).execute(&pool).await.unwrap();
    let began = std::time::Instant::now();
    let novel = enqueue(&pool, "novel", json!({ "keys": ["a"] })).await;
    let other = enqueue(&pool, "shift", shift("b", 1)).await;
    let old = Build::Old.start(&db, &ledger, "old");
    reaches(&pool, other, "succeeded").await;
    assert!(began.elapsed() >= Duration::from_secs(5), "the intake was left to the worker that knows the kind");
    assert_eq!(status(&pool, novel).await.0, "parked");
    old.stop().await;
}

/// Keeps every moment at which something was parked.
async fn note_parked(pool: &PgPool) {
    for statement in [
        "create table was_parked (id uuid, error jsonb)",
        "create function was_parked() returns trigger language plpgsql as
           'begin insert into was_parked values (new.id, new.error); return new; end'",
        "create trigger was_parked after insert or update on enlace.run for each row when (new.parked is not null)
           execute function was_parked()",
    ] {
        sqlx::query(statement).execute(pool).await.unwrap();
    }
}

/// A worker of this build, once it is alive.
async fn arrives(db: &Db, ledger: &Arc<Ledger>, build: Build, name: String) -> (Build, Running, String) {
    let worker = build.start(db, ledger, &name);
    let there = "select exists (select from enlace.worker where name = $1)";
    while !sqlx::query_scalar::<_, bool>(there).bind(&name).fetch_one(&db.pool()).await.unwrap() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    (build, worker, name)
}

/// A worker dies, and its lease runs out.
async fn dies(pool: &PgPool, worker: Running, name: &str) {
    worker.kill().await;
    let lapses = "update enlace.worker set lease_until = enlace.now() - interval '1 second' where name = $1";
    sqlx::query(lapses).bind(name).execute(pool).await.unwrap();
}

/// Workflows of all sorts while workers of both builds come, stop and die: nothing is parked that somebody alive knows, the
/// order per key is that of commit, and all of them end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g10_two_builds_side_by_side_park_nothing_keep_the_order_and_end_everything() {
    let seed: u64 =
        std::env::var("ENLACE_TEST_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or_else(|| rand::rng().random());
    println!("ENLACE_TEST_SEED={seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let db = toy::db().await;
    let pool = db.pool();
    note_parked(&pool).await;
    let ledger = Arc::new(Ledger::default());
    let mut wanted: HashMap<String, Vec<Uuid>> = HashMap::new();
    let mut workers = Vec::new();
    for build in [Build::Old, Build::New] {
        workers.push(arrives(&db, &ledger, build, format!("{build:?}")).await);
    }
    for turn in 0..300 {
        let key = format!("key:{}", rng.random_range(0..6));
        let (kind, payload) = match rng.random_range(0..3) {
            0 => ("novel", json!({ "keys": [key] })),
            1 => ("shift", json!({ "keys": [key], "rounds": rng.random_range(1..3) })),
            _ => ("shift", shift(&key, rng.random_range(1..3))),
        };
        wanted.entry(key).or_default().push(enqueue(&pool, kind, payload).await);
        if turn % 50 == 25 {
            // Another of the same build comes first, then this one stops, or dies.
            let (build, gone, name) = workers.remove(0);
            workers.push(arrives(&db, &ledger, build, format!("{build:?} {turn}")).await);
            if rng.random_bool(0.5) { gone.stop().await } else { dies(&pool, gone, &name).await }
        }
    }
    for id in wanted.values().flatten() {
        reaches(&pool, *id, "succeeded").await;
    }
    let parked: Vec<(Uuid, Option<serde_json::Value>)> =
        sqlx::query_as("select id, error from was_parked").fetch_all(&pool).await.unwrap();
    assert!(parked.is_empty(), "{parked:?}");
    let order = ledger.order();
    for (key, ids) in wanted {
        let ran: Vec<Uuid> = order.iter().copied().filter(|id| ids.contains(id)).collect();
        assert_eq!(ran, ids, "order of {key}");
    }
    for (_, worker, _) in workers {
        worker.stop().await;
    }
}
