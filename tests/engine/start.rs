//! G1: a workflow exists if and only if HubSoft's transaction committed.

use std::sync::Arc;

use sqlx::Connection;
use uuid::Uuid;

use crate::support::Db;
use crate::support::toy::{self, Ledger, enqueue, reaches};

#[tokio::test]
async fn g1_what_rolled_back_never_starts_and_what_committed_late_does() {
    let db = toy::db().await;
    let ledger = Arc::new(Ledger::default());
    let (mut late, mut rolled_back) = (db.connection().await, db.connection().await);
    let mut late = late.begin().await.unwrap();
    let late_id = enqueue(&mut *late, &[], &["ok"]).await;
    let mut gone = rolled_back.begin().await.unwrap();
    let gone_id = enqueue(&mut *gone, &[], &["ok"]).await;
    let early_id = enqueue(&db.pool(), &[], &["ok"]).await;

    let worker = toy::start(&db, &ledger);
    reaches(&db.pool(), early_id, "succeeded").await;
    gone.rollback().await.unwrap();
    late.commit().await.unwrap();
    reaches(&db.pool(), late_id, "succeeded").await;
    assert_eq!(ledger.order(), [early_id, late_id]);
    assert!(ledger.of(gone_id).is_empty());

    // Once nobody is left who could fill it, the gap is forgotten.
    let last = enqueue(&db.pool(), &[], &["ok"]).await;
    reaches(&db.pool(), last, "succeeded").await;
    let mut gaps = vec![0_i64];
    for _ in 0..100 {
        let another = enqueue(&db.pool(), &[], &["ok"]).await;
        reaches(&db.pool(), another, "succeeded").await;
        (gaps,) = sqlx::query_as("select gaps from enlace.intake order by id desc limit 1")
            .fetch_one(&db.pool())
            .await
            .unwrap();
        if gaps.is_empty() {
            break;
        }
    }
    assert!(gaps.is_empty(), "gaps that nobody can fill are kept: {gaps:?}");
    worker.stop().await;
}

#[tokio::test]
async fn g1_a_late_commit_is_found_though_its_transaction_is_the_newest() {
    let db = toy::db().await;
    let ledger = Arc::new(Ledger::default());
    let worker = toy::start(&db, &ledger);
    let before = enqueue(&db.pool(), &[], &["ok"]).await;
    reaches(&db.pool(), before, "succeeded").await;
    let (mut first, mut late) = (db.connection().await, db.connection().await);
    // The transaction with the lower id takes the higher number, and commits first: no snapshot then bounds the other's id.
    let mut first = first.begin().await.unwrap();
    sqlx::query("select pg_current_xact_id()").execute(&mut *first).await.unwrap();
    let mut late = late.begin().await.unwrap();
    let late_id = enqueue(&mut *late, &[], &["ok"]).await;
    let first_id = enqueue(&mut *first, &[], &["ok"]).await;
    first.commit().await.unwrap();
    reaches(&db.pool(), first_id, "succeeded").await;
    let third = enqueue(&db.pool(), &[], &["ok"]).await; // an intake after the one that noticed the gap
    reaches(&db.pool(), third, "succeeded").await;
    late.commit().await.unwrap();
    reaches(&db.pool(), late_id, "succeeded").await;
    worker.stop().await;
}

#[tokio::test]
async fn g1_a_dedup_id_given_twice_starts_one_workflow_and_returns_its_id() {
    let db = toy::db().await;
    let pool = db.pool();
    let ask = "select enlace.enqueue('toy', '{\"plan\": [\"ok\"]}', 'order 66')";
    let first: (Uuid,) = sqlx::query_as(ask).fetch_one(&pool).await.unwrap();
    let second: (Uuid,) = sqlx::query_as(ask).fetch_one(&pool).await.unwrap();
    assert_eq!(first, second);
    let plain =
        "insert into enlace.outbox (kind, payload, dedup_id) values ('toy', '{\"plan\": [\"ok\"]}', 'order 66')";
    assert_eq!(sqlx::query(plain).execute(&pool).await.unwrap().rows_affected(), 0, "a plain insert does the same");
    let ledger = Arc::new(Ledger::default());
    let worker = toy::start(&db, &ledger);
    reaches(&pool, first.0, "succeeded").await;
    assert_eq!(ledger.of(first.0).len(), 1);
    worker.stop().await;
}

#[tokio::test]
async fn g1_two_workers_take_each_row_in_once() {
    let db = toy::db().await;
    let pool = db.pool();
    let ledger = Arc::new(Ledger::default());
    let workers: Vec<_> = (0..3).map(|_| toy::start(&db, &ledger)).collect();
    let mut ids = Vec::new();
    for _ in 0..300 {
        ids.push(enqueue(&pool, &[], &["ok"]).await);
    }
    for id in &ids {
        reaches(&pool, *id, "succeeded").await;
    }
    let done = ledger.done.lock().unwrap().len();
    assert_eq!(done, ids.len(), "one step each, run once each");
    for worker in workers {
        worker.stop().await;
    }
}

/// `enqueue` and its trigger run with their owner's rights: whatever a caller puts in front of Postgres's own names must not
/// be what they call.
#[tokio::test]
async fn a_callers_search_path_changes_nothing_in_what_enqueue_does() {
    let db = Db::new().await;
    let mut connection = db.connection().await;
    let hostile = "create schema evil; create schema evil_too;
        create function evil.said(text, text) returns boolean language plpgsql as $$ begin raise 'called as owner'; end $$;
        create operator evil.~ (leftarg = text, rightarg = text, function = evil.said);
        create operator evil.= (leftarg = text, rightarg = text, function = evil.said);
        create function evil.taken(jsonb, text) returns jsonb language plpgsql as $$ begin raise 'called as owner'; end $$;
        create operator evil.-> (leftarg = jsonb, rightarg = text, function = evil.taken);
        create function evil.jsonb_typeof(jsonb) returns text language plpgsql as $$ begin raise 'called as owner'; end $$;
        create function evil.clock_timestamp() returns timestamptz language plpgsql as $$ begin raise 'called as owner'; end $$;
        create function evil.date_part(text, timestamptz) returns float8 language plpgsql as $$ begin raise 'called as owner'; end $$;
        create domain evil.uuid as pg_catalog.text check (false); create domain evil.text as pg_catalog.text check (false);
        create domain evil.jsonb as pg_catalog.text check (false); create domain evil.float8 as pg_catalog.text check (false);
        set search_path = evil, pg_catalog";
    sqlx::raw_sql(hostile).execute(&mut connection).await.unwrap();
    let good = "select enlace.enqueue('bind', '{\"id_porta_atendimento\": 1, \"id_cliente_servico\": 2}') is not null";
    assert!(sqlx::query_scalar::<_, bool>(good).fetch_one(&mut connection).await.unwrap());
    let named = "select enlace.enqueue('bind', '{\"id_porta_atendimento\": 1, \"id_cliente_servico\": 2}', 'order 5') is not null";
    assert!(sqlx::query_scalar::<_, bool>(named).fetch_one(&mut connection).await.unwrap());
    let bad = "select enlace.enqueue('bind', '{\"id_porta_atendimento\": 1}')";
    let refused = sqlx::query(bad).execute(&mut connection).await.unwrap_err().to_string();
    assert!(refused.contains("id_cliente_servico: is missing"), "{refused}");
}

#[tokio::test]
async fn g8_a_row_that_nobody_has_taken_in_says_so() {
    let db = toy::db().await;
    let id = enqueue(&db.pool(), &[], &["ok"]).await;
    let (status, _, explanation) = toy::status(&db.pool(), id).await;
    assert_eq!(
        (status.as_str(), explanation.as_str()),
        ("queued", "committed by HubSoft; no worker has taken it in yet; no worker is up: start one (enlace serve)")
    );
}
