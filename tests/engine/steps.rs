//! G2, G3, G6 (bugs) and G10: what a step may do to its workflow.

use std::sync::Arc;

use engine::acts::{self, Acted, Person};

use crate::support::toy::{self, Ledger, enqueue, outcomes, reaches, status};

async fn written(pool: &sqlx::PgPool, id: uuid::Uuid) -> Vec<String> {
    let rows: Vec<(String,)> = sqlx::query_as("select what from toy_write where id = $1 order by what")
        .bind(id)
        .fetch_all(pool)
        .await
        .unwrap();
    rows.into_iter().map(|(w,)| w).collect()
}

#[tokio::test]
async fn g2_what_steps_write_is_there_exactly_once() {
    let db = toy::db().await;
    let ledger = Arc::new(Ledger::default());
    let id = enqueue(&db.pool(), &[], &["ok", "transient 2", "ok"]).await;
    let worker = toy::start(&db, &ledger);
    reaches(&db.pool(), id, "succeeded").await;
    assert_eq!(
        written(&db.pool(), id).await,
        ["0 ok", "1 transient 2", "2 ok", "trouble: toy.asked", "trouble: toy.asked"]
    );
    assert_eq!(outcomes(&db.pool(), id).await, ["done", "failed", "failed", "done", "done"]);
    worker.stop().await;
}

#[tokio::test]
async fn g3_an_unknown_outcome_is_recorded_and_settled_by_looking() {
    let db = toy::db().await;
    let ledger = Arc::new(Ledger::default());
    let id = enqueue(&db.pool(), &[], &["ok", "write unknown", "ok"]).await;
    let worker = toy::start(&db, &ledger);
    reaches(&db.pool(), id, "succeeded").await;
    assert_eq!(outcomes(&db.pool(), id).await, ["done", "unknown", "done", "done"]);
    let did: Vec<_> = ledger.of(id).into_iter().map(|(_, what)| what).collect();
    assert_eq!(did, ["ok", "unknown", "look", "ok"], "the write is not made again");
    worker.stop().await;
}

#[tokio::test]
async fn g13_a_panic_a_broken_table_and_an_unwritable_change_park_their_own_workflow_alone() {
    let db = toy::db().await;
    let pool = db.pool();
    let ledger = Arc::new(Ledger::default());
    let panics = enqueue(&pool, &[], &["ok", "panic"]).await;
    let strays = enqueue(&pool, &[], &["undeclared"]).await;
    let unwritable = enqueue(&pool, &[], &["unwritable"]).await;
    let mut fine = Vec::new();
    for _ in 0..50 {
        fine.push(enqueue(&pool, &[], &["ok", "ok"]).await);
    }
    let worker = toy::start(&db, &ledger);
    for id in fine {
        reaches(&pool, id, "succeeded").await;
    }
    for (id, words) in [
        (panics, "panicked: the plan says so"),
        (strays, "no arrow from working to looking"),
        (unwritable, "null value"),
    ] {
        reaches(&pool, id, "parked").await;
        let (_, _, explanation) = status(&pool, id).await;
        assert!(explanation.contains("defect") && explanation.contains(words), "{explanation}");
    }
    worker.stop().await;
}

/// The platform has it all the same.
#[tokio::test]
async fn g3_a_write_whose_record_is_refused_is_looked_at_before_it_is_made_again() {
    let db = toy::db().await;
    let pool = db.pool();
    let ledger = Arc::new(Ledger::default());
    let id = enqueue(&pool, &[], &["ok", "write unwritable", "ok"]).await;
    let worker = toy::start(&db, &ledger);
    reaches(&pool, id, "parked").await;
    let ana = Person { name: "ana".to_owned(), reason: "a tabela foi corrigida".to_owned() };
    assert_eq!(acts::retry(&pool, id, ana).await.unwrap(), Acted::Done);
    reaches(&pool, id, "succeeded").await;
    let did: Vec<_> = ledger.of(id).into_iter().map(|(_, what)| what).collect();
    assert_eq!(did, ["ok", "unwritable", "look", "ok"]);
    worker.stop().await;
}

#[tokio::test]
async fn g10_an_unknown_kind_is_parked_whole_and_resumes_with_a_build_that_knows_it() {
    let db = toy::db().await;
    let pool = db.pool();
    let ledger = Arc::new(Ledger::default());
    let id = enqueue(&pool, &["a"], &["ok"]).await;
    let old = toy::start_registry(&db, &ledger, engine::registry::Registry::default(), Default::default());
    reaches(&pool, id, "parked").await;
    assert!(status(&pool, id).await.2.contains("does not know the kind \"toy\""));
    old.stop().await;
    let new = toy::start(&db, &ledger);
    reaches(&pool, id, "succeeded").await;
    new.stop().await;
}

#[tokio::test]
async fn g10_a_payload_that_does_not_decode_is_parked_and_says_why() {
    let db = toy::db().await;
    let pool = db.pool();
    let (id,): (uuid::Uuid,) =
        sqlx::query_as("select enlace.enqueue('toy', '{\"plan\": 7}')").fetch_one(&pool).await.unwrap();
    let worker = toy::start(&db, &Arc::default());
    reaches(&pool, id, "parked").await;
    let (_, _, explanation) = status(&pool, id).await;
    assert!(explanation.contains("payload: invalid type"), "{explanation}");
    worker.stop().await;
}
