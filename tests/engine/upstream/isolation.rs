//! G13: an upstream that hangs does not take the hands that others need.

use std::time::Duration;

use super::{ONE, waiting};
use crate::support::{
    caller::{self, Does, Platform, enqueue, succeed},
    toy,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g13_2000_workflows_of_a_hanging_upstream_leave_hands_to_another() {
    let db = toy::db().await;
    let pool = db.pool();
    let (hanging, other) = (Platform::start(Does::Hangs).await, Platform::start(Does::Answers(Duration::ZERO)).await);
    enqueue(&pool, 1, 2000, ONE, &hanging, "/").await;
    // Nobody's call ends before the test does.
    let worker = caller::start(&db, 100, Duration::from_secs(600));
    hanging.sees(40).await;
    enqueue(&pool, 1, 500, "u:2", &other, "/").await;
    succeed(&pool, 500).await;
    assert!(hanging.count() <= 51, "{} of 100 hands hang in calls", hanging.count());
    assert!(waiting(&pool, ONE).await >= 1000, "the others wait in Postgres: {}", waiting(&pool, ONE).await);
    let failures: i64 = sqlx::query_scalar("select sum(failures) from enlace.run").fetch_one(&pool).await.unwrap();
    assert_eq!(failures, 0, "no attempt is burnt");
    let recorded: i64 = sqlx::query_scalar("select count(*) from enlace.step s join enlace.run r using (id)")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(recorded, 0, "waiting leaves no trace in the history");
    worker.kill().await;
}
