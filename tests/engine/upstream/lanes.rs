//! Urgent work goes first within the same budget, across workers, and bulk work is never starved.

use std::time::Duration;

use super::{ONE, SOON, limit};
use crate::support::{
    caller::{self, Does, Platform, enqueue, succeed},
    toy, tree,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g7_a_change_overtakes_the_bulk_work_of_other_workers() {
    let db = toy::db().await;
    let pool = db.pool();
    let platform = Platform::start(Does::Answers(Duration::ZERO)).await;
    limit(&pool, ONE, Some(4.0), None).await;
    enqueue(&pool, 2, 60, ONE, &platform, "/bulk").await;
    // Two workers are full of bulk work; what comes later finds a hand with a third.
    let workers = [(); 2].map(|()| caller::start(&db, 50, SOON));
    platform.sees(4).await;
    let third = caller::start(&db, 50, SOON);
    platform.sees(6).await;
    enqueue(&pool, 1, 1, ONE, &platform, "/change").await;
    let before = platform.count();
    let place = loop {
        if let Some(place) = platform.calls().iter().position(|(_, path)| path == "/change") {
            break place;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    // It is taken in within a turn or two, and then has the next one.
    assert!(place - before <= 4, "{} turns went to bulk work first", place - before);
    for worker in workers {
        worker.stop().await;
    }
    third.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g7_bulk_work_is_not_starved_by_changes() {
    let db = toy::db().await;
    let pool = db.pool();
    let platform = Platform::start(Does::Answers(Duration::ZERO)).await;
    limit(&pool, ONE, Some(50.0), None).await;
    // Much more than may wait in one process: the rest of both waits in Postgres.
    enqueue(&pool, 1, 900, ONE, &platform, "/change").await;
    enqueue(&pool, 2, 40, ONE, &platform, "/bulk").await;
    let workers = [(); 2].map(|()| caller::start(&db, 300, SOON));
    platform.sees(250).await;
    let calls = platform.calls();
    let bulk = calls.iter().take(250).filter(|(_, path)| path == "/bulk").count();
    assert!((13..=30).contains(&bulk), "{bulk} of the first 250 calls were bulk work");
    for worker in workers {
        worker.kill().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g7_urgent_work_goes_first_where_the_number_of_calls_is_limited_too() {
    let db = toy::db().await;
    let pool = db.pool();
    let platform = Platform::start(Does::Answers(Duration::from_millis(100))).await;
    limit(&pool, ONE, None, Some(2)).await;
    enqueue(&pool, 2, 200, ONE, &platform, "/bulk").await;
    let workers = [(); 2].map(|()| caller::start(&db, 50, SOON));
    platform.sees(6).await;
    enqueue(&pool, 0, 1, ONE, &platform, "/viability").await;
    let before = platform.count();
    let place = loop {
        if let Some(place) = platform.calls().iter().position(|(_, path)| path == "/viability") {
            break place;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert!(place - before <= 30, "{} calls went to bulk work first", place - before);
    for worker in workers {
        worker.stop().await;
    }
}

/// What a worker asks before it takes in more than it has hands for, where those are soon free again.
#[tokio::test]
async fn g7_urgent_work_in_the_outbox_is_noticed() {
    let db = toy::db().await;
    let pool = db.pool();
    let platform = Platform::start(Does::Answers(Duration::ZERO)).await;
    let statement = tree::read("src/engine/sql/intake_lanes.sql");
    let lanes = serde_json::json!({ "call_change": 1, "call_bulk": 2 });
    let urgent = async |behind: Option<i16>| -> bool {
        let query = sqlx::query_scalar(sqlx::AssertSqlSafe(statement.clone())).bind(&lanes).bind(behind);
        query.fetch_one(&pool).await.unwrap()
    };
    assert!(!urgent(Some(2)).await, "there is nothing");
    enqueue(&pool, 1, 3, ONE, &platform, "/change").await;
    assert!(!urgent(None).await && !urgent(Some(1)).await, "nobody has to be let pass");
    assert!(urgent(Some(2)).await, "changes pass what was taken in of bulk work");
    enqueue(&pool, 2, 1, ONE, &platform, "/bulk").await;
    assert!(urgent(None).await, "and what is in the outbox");
    let worker = caller::start(&db, 50, SOON);
    succeed(&pool, 4).await;
    worker.stop().await;
    assert!(!urgent(Some(2)).await, "all of it is taken in");
}

/// What is taken in ahead is there to be found: the rest of the outbox does not have all the hands meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g7_changes_between_much_bulk_work_have_hands_long_before_the_outbox_is_empty() {
    let db = toy::db().await;
    let pool = db.pool();
    let platform = Platform::start(Does::Answers(Duration::ZERO)).await;
    for _ in 0..5 {
        enqueue(&pool, 2, 100, ONE, &platform, "/bulk").await;
        enqueue(&pool, 1, 1, ONE, &platform, "/change").await;
    }
    enqueue(&pool, 2, 2500, ONE, &platform, "/bulk").await;
    let worker = caller::start(&db, 20, SOON);
    succeed(&pool, 3005).await;
    worker.stop().await;
    let last = platform.calls().iter().rposition(|(_, path)| path == "/change").unwrap();
    assert!(last < 1000, "the last change was number {last} of 3,005");
}
