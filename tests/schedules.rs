//! G9: ticks that overlap, join and are paused, on a real database.

mod croniter;

use std::{sync::Arc, time::Duration};

use engine::schedule;
use futures_util::future::join_all;
use serde_json::json;
use sqlx::{PgPool, postgres::PgPoolOptions};

use crate::support::toy::{self, Ledger, pass, reaches};

/// One minute later, at the next tick of a schedule that ticks each minute.
async fn tick(pool: &PgPool) -> schedule::Ticked {
    pass(pool, Duration::from_secs(60)).await;
    schedule::tick(pool).await.unwrap()
}

async fn outcomes(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar("select outcome from enlace.tick order by at").fetch_all(pool).await.unwrap()
}

/// A minute has just begun: a test that follows comes to the ticks that it makes pass, and to no other.
async fn begins_a_minute(pool: &PgPool) {
    let left = "select 65 - extract(second from enlace.now())::float8";
    pass(pool, Duration::from_secs_f64(sqlx::query_scalar(left).fetch_one(pool).await.unwrap())).await;
}

#[tokio::test]
async fn g9_a_tick_that_overlaps_the_last_ones_workflow_starts_nothing_and_is_recorded() {
    let db = toy::db().await;
    let pool = db.pool();
    let mut conn = db.connection().await;
    begins_a_minute(&pool).await;
    schedule::add(&mut conn, "toy", &json!({"plan": ["ok"]}), "* * * * *", "America/Sao_Paulo").await.unwrap();
    let first = tick(&pool).await;
    assert_eq!(first.started.len(), 1);
    let second = tick(&pool).await;
    assert_eq!((second.started.len(), second.overlapped), (0, 1), "the first has not ended");
    let worker = toy::start(&db, &Arc::<Ledger>::default());
    reaches(&pool, first.started[0], "succeeded").await;
    worker.stop().await;
    assert_eq!(tick(&pool).await.started.len(), 1, "it has ended");
    assert_eq!(outcomes(&pool).await, ["started", "overlapped", "started"]);

    sqlx::query("update enlace.schedule set overlap = 'start'").execute(&pool).await.unwrap();
    assert_eq!(tick(&pool).await.started.len(), 1, "a schedule may say that every tick counts");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g9_a_tick_that_many_schedulers_see_starts_once_however_their_transactions_are_isolated() {
    for isolation in ["read committed", "serializable"] {
        let db = toy::db().await;
        let options = db.options().clone().options([("default_transaction_isolation", isolation)]);
        let pool = PgPoolOptions::new().max_connections(8).connect_lazy_with(options);
        let mut conn = db.connection().await;
        begins_a_minute(&pool).await;
        for plan in ["ok", "write ok", "transient"] {
            schedule::add(&mut conn, "toy", &json!({"plan": [plan]}), "* * * * *", "America/Sao_Paulo").await.unwrap();
        }
        pass(&pool, Duration::from_secs(60)).await;
        let schedulers = (0..8).map(|_| schedule::tick(&pool));
        let started: usize = join_all(schedulers).await.into_iter().map(|ticked| ticked.unwrap().started.len()).sum();
        assert_eq!(started, 3, "{isolation}");
        assert_eq!(outcomes(&pool).await, ["started"; 3], "{isolation}");
    }
}

#[tokio::test]
async fn s1_a_tick_joins_a_sync_that_is_under_way() {
    let db = toy::db().await;
    let pool = db.pool();
    let mut conn = db.connection().await;
    begins_a_minute(&pool).await;
    let payload = json!({"id_integracao": 3, "plan": ["ok"], "keys": ["integration:3"]});
    schedule::add(&mut conn, "sync", &payload, "* * * * *", "America/Sao_Paulo").await.unwrap();
    let first = tick(&pool).await;
    // Under way is what was taken in: as its intake does.
    sqlx::query("insert into enlace.run_key (key, position, id) values ('integration:3', 1, $1)")
        .bind(first.started[0])
        .execute(&pool)
        .await
        .unwrap();
    let second = tick(&pool).await;
    assert_eq!((second.started.len(), second.joined), (0, first.started.clone()));
    assert_eq!(outcomes(&pool).await, ["started", "joined"]);
    let rows: i64 = sqlx::query_scalar("select count(*) from enlace.outbox").fetch_one(&pool).await.unwrap();
    assert_eq!(rows, 1);
}
