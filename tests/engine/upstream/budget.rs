//! Rate and number of calls, over all workers.

use std::time::{Duration, Instant};

use super::{ONE, SOON, limit, waiting};
use crate::support::{
    caller::{self, Does, Platform, enqueue, succeed},
    toy,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g7_three_workers_together_call_no_more_often_than_the_rate() {
    let db = toy::db().await;
    let pool = db.pool();
    let platform = Platform::start(Does::Answers(Duration::ZERO)).await;
    limit(&pool, ONE, Some(40.0), None).await;
    let ids = enqueue(&pool, 2, 100, ONE, &platform, "/").await;
    let began = Instant::now();
    let workers = [(); 3].map(|()| caller::start(&db, 1000, SOON));
    succeed(&pool, ids.len()).await;
    // 100 calls at 40 a second take 2.5 s; a quarter of a second's worth may come at once, and one that was late.
    let took = began.elapsed().as_secs_f64();
    assert!(took >= (100.0 - 10.0 - 4.0) / 40.0, "100 calls in {took} s");
    let calls = platform.calls();
    assert_eq!(calls.len(), 100, "each made its call once");
    let failures: i64 = sqlx::query_scalar("select count(*) from enlace.step where outcome not in ('done')")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(failures, 0, "waiting is no attempt");
    for worker in workers {
        worker.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g7_three_workers_together_have_no_more_calls_at_once_than_allowed_and_share_them() {
    let db = toy::db().await;
    let pool = db.pool();
    let platform = Platform::start(Does::Answers(Duration::from_millis(40))).await;
    limit(&pool, ONE, None, Some(4)).await;
    let ids = enqueue(&pool, 2, 150, ONE, &platform, "/").await;
    let workers = [(); 3].map(|()| caller::start(&db, 40, SOON));
    succeed(&pool, ids.len()).await;
    assert_eq!(platform.most_at_once(), 4, "all that is allowed, and no more");
    let by: Vec<(i64,)> = sqlx::query_as("select count(*) from enlace.step where state = 'calling' group by worker")
        .fetch_all(&pool)
        .await
        .unwrap();
    assert!(by.len() == 3 && by.iter().all(|(n,)| *n >= 10), "shared as {by:?}");
    for worker in workers {
        worker.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g7_what_a_dead_worker_held_is_free_again() {
    let db = toy::db().await;
    let pool = db.pool();
    let platform = Platform::start(Does::Hangs).await;
    limit(&pool, ONE, None, Some(1)).await;
    enqueue(&pool, 1, 1, ONE, &platform, "/first").await;
    let dead = caller::start(&db, 10, SOON);
    platform.sees(1).await;
    let other = caller::start(&db, 10, SOON);
    enqueue(&pool, 1, 1, ONE, &platform, "/second").await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(platform.count(), 1, "one at once");
    platform.now(Does::Answers(Duration::ZERO));
    dead.kill().await;
    toy::pass(&pool, Duration::from_secs(9)).await;
    succeed(&pool, 2).await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g7_a_limit_is_changed_while_running() {
    let db = toy::db().await;
    let pool = db.pool();
    let platform = Platform::start(Does::Answers(Duration::ZERO)).await;
    limit(&pool, ONE, Some(0.5), None).await;
    enqueue(&pool, 2, 200, ONE, &platform, "/").await;
    let workers = [(); 2].map(|()| caller::start(&db, 50, SOON));
    platform.sees(1).await;
    while waiting(&pool, ONE).await < 150 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let sentences: Vec<String> = sqlx::query_scalar("select enlace.upstream_words('u:1', enlace.now()) ->> 'en'")
        .fetch_all(&pool)
        .await
        .unwrap();
    assert!(sentences[0].contains("0.5 calls a second; in the queue: 1"), "{sentences:?}");
    limit(&pool, ONE, None, None).await;
    succeed(&pool, 200).await;
    for worker in workers {
        worker.stop().await;
    }
}

/// Also where a call takes the place of one that ended without asking.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g7_a_lower_number_of_calls_at_once_counts_while_others_queue() {
    let db = toy::db().await;
    let pool = db.pool();
    let platform = Platform::start(Does::Answers(Duration::from_millis(300))).await;
    limit(&pool, ONE, None, Some(10)).await;
    enqueue(&pool, 1, 200, ONE, &platform, "/").await;
    let worker = caller::start(&db, 60, SOON);
    platform.sees(10).await;
    limit(&pool, ONE, None, Some(2)).await;
    tokio::time::sleep(Duration::from_millis(2000)).await;
    platform.forgets_most();
    platform.sees(platform.count() + 6).await;
    assert!(platform.most_at_once() <= 2, "{} at once", platform.most_at_once());
    worker.kill().await;
}
