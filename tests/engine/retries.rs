//! G6: what happens after a failure, by its class; G7 as far as an upstream closes for all.

use std::{sync::Arc, time::Duration};

use engine::acts::{self, Acted, Person};

use crate::support::toy::{self, Ledger, enqueue, outcomes, pass, reaches, status};

fn person() -> Person {
    Person { name: "ana".to_owned(), reason: "the cable was mended".to_owned() }
}

#[tokio::test]
async fn g6_spent_attempts_park_and_a_retry_begins_again_from_the_failed_step() {
    let db = toy::db().await;
    let pool = db.pool();
    let ledger = Arc::new(Ledger::default());
    let id = enqueue(&pool, &[], &["ok", "transient 6", "ok"]).await;
    let worker = toy::start(&db, &ledger);
    reaches(&pool, id, "parked").await;
    assert_eq!(outcomes(&pool, id).await, ["done", "failed", "failed", "failed", "failed"]);
    assert!(status(&pool, id).await.2.contains("The attempts are spent at \"work\""));
    assert_eq!(acts::retry(&pool, id, person()).await.unwrap(), Acted::Done);
    reaches(&pool, id, "succeeded").await;
    let firsts = ledger.of(id).iter().filter(|(step, _)| *step == 0).count();
    assert_eq!(firsts, 1, "the step that was recorded does not run again");
    let again = acts::retry(&pool, id, person()).await.unwrap();
    assert_eq!(again, Acted::NotNow { status: "succeeded".to_owned(), legal: vec![] });
    let (act, reason): (String, String) =
        sqlx::query_as("select act, reason from enlace.act where run_id = $1").bind(id).fetch_one(&pool).await.unwrap();
    assert_eq!((act.as_str(), reason.as_str()), ("retry", "the cable was mended"));
    worker.stop().await;
}

#[tokio::test]
async fn g6_a_rejection_is_not_retried() {
    let db = toy::db().await;
    let id = enqueue(&db.pool(), &[], &["reject"]).await;
    let worker = toy::start(&db, &Arc::default());
    reaches(&db.pool(), id, "parked").await;
    assert_eq!(outcomes(&db.pool(), id).await, ["failed"]);
    assert!(status(&db.pool(), id).await.2.contains("the plan says so"));
    worker.stop().await;
}

#[tokio::test]
async fn g6_retry_after_closes_the_upstream_is_obeyed_and_burns_no_attempt() {
    let db = toy::db().await;
    let pool = db.pool();
    let id = enqueue(&pool, &[], &["throttled 600", "ok"]).await;
    let ledger = Arc::new(Ledger::default());
    let worker = toy::start(&db, &ledger);
    reaches(&pool, id, "waiting").await;
    let (failures, wait): (i16, f64) = sqlx::query_as(
        "select failures, extract(epoch from due_at - enlace.now())::float8 from enlace.run where id = $1",
    )
    .bind(id)
    .fetch_one(&pool)
    .await
    .unwrap();
    // Nobody goes on before the time; who is not taken from the queue then goes on by itself within ten minutes of it.
    assert!(failures == 0 && (600.0..=1200.0).contains(&wait), "{failures} failures, {wait} s");
    assert!(status(&pool, id).await.2.starts_with("waits for the platform (toy:1), closed by enlace until"));

    // A restart neither loses nor hastens it.
    worker.stop().await;
    let worker = toy::start(&db, &ledger);
    let other = enqueue(&pool, &[], &["ok"]).await;
    reaches(&pool, other, "succeeded").await;
    assert_eq!(status(&pool, id).await.0, "waiting");
    pass(&pool, Duration::from_secs(601)).await;
    reaches(&pool, id, "succeeded").await;
    worker.stop().await;
}

#[tokio::test]
async fn g6_refused_credentials_close_the_upstream_until_a_person_opens_it() {
    let db = toy::db().await;
    let pool = db.pool();
    let id = enqueue(&pool, &[], &["unauthorised", "ok"]).await;
    let worker = toy::start(&db, &Arc::default());
    reaches(&pool, id, "waiting").await;
    pass(&pool, Duration::from_secs(86_400 * 30)).await;
    let other = enqueue(&pool, &[], &["ok"]).await;
    reaches(&pool, other, "succeeded").await;
    let (status, _, explanation) = status(&pool, id).await;
    assert_eq!(status, "waiting");
    assert!(explanation.contains("until a person opens it"), "{explanation}");
    assert!(acts::open_upstream(&pool, "toy:1", person()).await.unwrap());
    reaches(&pool, id, "succeeded").await;
    worker.stop().await;
}

#[tokio::test]
async fn g8_a_workflow_that_waits_after_a_failure_says_for_how_long_and_why() {
    let db = toy::db().await;
    let pool = db.pool();
    let id = enqueue(&pool, &[], &["transient 3"]).await;
    let worker = toy::start(&db, &Arc::default());
    reaches(&pool, id, "succeeded").await;
    worker.stop().await;
    // The same sentence, computed from a row that waits.
    let id = enqueue(&pool, &[], &["transient 1"]).await;
    sqlx::query(
        "insert into enlace.run (id, position, kind, version, lane, status, state, due_at, failures, failed_state, error)
         values ($1, 9999999999, 'toy', 1, 1, 'waiting', 'working', '2030-01-02 03:04:05Z', 3, 'working', '{\"message\": \"connection refused\"}')",
    )
    .bind(id)
    .execute(&pool)
    .await
    .unwrap();
    assert_eq!(
        status(&pool, id).await.2,
        "waits until 2030-01-02 00:04:05-03:00 after failure 3 of \"work\": connection refused"
    );
}
