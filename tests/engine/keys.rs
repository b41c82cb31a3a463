//! G4: one key, one workflow at a time, in commit order.

use std::{collections::HashMap, sync::Arc};

use engine::acts::{self, Acted, Person};
use rand::{Rng, SeedableRng, rngs::SmallRng, seq::IndexedRandom};
use uuid::Uuid;

use crate::support::toy::{self, Ledger, enqueue, reaches, status};

#[tokio::test]
async fn g4_a_parked_head_stops_its_followers_which_say_so_until_it_is_cancelled() {
    let db = toy::db().await;
    let pool = db.pool();
    let ledger = Arc::new(Ledger::default());
    let head = enqueue(&pool, &["port:1", "service:7"], &["reject"]).await;
    let follower = enqueue(&pool, &["port:1"], &["ok"]).await;
    let behind = enqueue(&pool, &["service:7", "port:2"], &["ok"]).await;
    let free = enqueue(&pool, &["port:3"], &["ok"]).await;
    let worker = toy::start(&db, &ledger);
    reaches(&pool, head, "parked").await;
    reaches(&pool, free, "succeeded").await;
    for (id, key) in [(follower, "port:1"), (behind, "service:7")] {
        let (status, _, explanation) = status(&pool, id).await;
        assert_eq!(status, "waiting");
        assert!(
            explanation.starts_with(&format!("waits for workflow {head} (toy), ahead of it on {key}, parked since")),
            "{explanation}"
        );
    }
    let ana = Person { name: "ana".to_owned(), reason: "it was a test".to_owned() };
    assert_eq!(acts::cancel(&pool, head, ana).await.unwrap(), Acted::Done);
    reaches(&pool, follower, "succeeded").await;
    reaches(&pool, behind, "succeeded").await;
    assert_eq!(status(&pool, head).await.0, "cancelled");
    worker.stop().await;
}

#[tokio::test]
async fn g13_a_row_that_somebody_holds_while_it_is_needed_costs_the_worker_nothing_but_the_wait() {
    let db = toy::db().await;
    let pool = db.pool();
    let ledger = Arc::new(Ledger::default());
    let head = enqueue(&pool, &["a"], &["reject"]).await;
    let worker = toy::start(&db, &ledger);
    reaches(&pool, head, "parked").await;
    let workers = "select array_agg(id) from enlace.worker";
    let before: Vec<Uuid> = sqlx::query_scalar(workers).fetch_one(&pool).await.unwrap();
    // Whoever ends or cancels the head of a key holds its row: the intake of a follower waits for it, longer than it may.
    let mut holder = pool.begin().await.unwrap();
    sqlx::query("select from enlace.run_key for update").execute(&mut *holder).await.unwrap();
    let follower = enqueue(&pool, &["a"], &["ok"]).await;
    let gave_up = "select sessions > 0 from (select count(*) as sessions from pg_stat_activity
                   where datname = current_database() and wait_event_type = 'Lock') t";
    let (mut waits, mut waiting) = (0, false);
    while waits < 3 {
        let now: bool = sqlx::query_scalar(gave_up).fetch_one(&pool).await.unwrap();
        waits += i32::from(now && !waiting);
        waiting = now;
    }
    holder.rollback().await.unwrap();
    reaches(&pool, follower, "waiting").await;
    let after: Vec<Uuid> = sqlx::query_scalar(workers).fetch_one(&pool).await.unwrap();
    assert_eq!(before, after, "the worker kept its lease, and all that it held");
    worker.stop().await;
}

#[tokio::test]
async fn g4_cancelling_in_the_middle_of_a_queue_lets_nobody_pass_the_head() {
    let db = toy::db().await;
    let pool = db.pool();
    let ledger = Arc::new(Ledger::default());
    let head = enqueue(&pool, &["a"], &["hold"]).await;
    let middle = enqueue(&pool, &["a"], &["ok"]).await;
    let last = enqueue(&pool, &["a"], &["ok"]).await;
    let worker = toy::start(&db, &ledger);
    reaches(&pool, head, "running").await;
    let ana = Person { name: "ana".to_owned(), reason: "not wanted".to_owned() };
    assert_eq!(acts::cancel(&pool, middle, ana).await.unwrap(), Acted::Done);
    assert_eq!(status(&pool, last).await.0, "waiting");
    ledger.let_go.notify_one();
    reaches(&pool, last, "succeeded").await;
    assert_eq!(ledger.order(), [head, last]);
    worker.stop().await;
}

/// Many workflows over few keys, by three workers, some failing on the way: per key they run in commit order, one at a
/// time, and none is left behind.
#[tokio::test]
async fn g4_per_key_the_order_of_execution_is_the_order_of_commit() {
    let db = toy::db().await;
    let pool = db.pool();
    let ledger = Arc::new(Ledger::default());
    let mut rng = SmallRng::seed_from_u64(20_261_123);
    let workers: Vec<_> = (0..3).map(|_| toy::start(&db, &ledger)).collect();
    let names: Vec<String> = (0..8).map(|n| format!("key:{n}")).collect();
    let mut wanted: HashMap<String, Vec<Uuid>> = HashMap::new();
    let mut all = Vec::new();
    for _ in 0..600 {
        let count = rng.random_range(1..=3);
        let keys: Vec<&str> = names.choose_multiple(&mut rng, count).map(String::as_str).collect();
        let plan = if rng.random_bool(0.1) { ["transient 1", "ok"] } else { ["ok", "ok"] };
        let id = enqueue(&pool, &keys, &plan).await;
        all.push(id);
        for key in keys {
            wanted.entry(key.to_owned()).or_default().push(id);
        }
    }
    for id in &all {
        reaches(&pool, *id, "succeeded").await;
    }
    let order = ledger.order();
    for (key, ids) in wanted {
        let ran: Vec<Uuid> = order.iter().copied().filter(|id| ids.contains(id)).collect();
        assert_eq!(ran, ids, "order of {key}");
    }
    let overlaps: (i64,) = sqlx::query_as(
        "select count(*) from enlace.step a join enlace.step b on a.id < b.id
         join enlace.outbox ao on ao.id = a.id join enlace.outbox bo on bo.id = b.id
         where exists (select jsonb_array_elements(ao.payload -> 'keys') intersect select jsonb_array_elements(bo.payload -> 'keys'))
           and a.outcome = 'done' and b.outcome = 'done'
           and (select max(ended_at) from enlace.step where id = a.id) > (select min(began_at) from enlace.step where id = b.id)
           and (select max(ended_at) from enlace.step where id = b.id) > (select min(began_at) from enlace.step where id = a.id)
           and a.id = ANY ($1) and b.id = ANY ($1)",
    )
    .bind(all.iter().step_by(12).copied().collect::<Vec<_>>())
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(overlaps.0, 0, "workflows with a key in common were worked on at once");
    for worker in workers {
        worker.stop().await;
    }
}
