//! G13: what goes wrong with one does not stop the rest; and every transaction may be told to run again.

use std::{sync::Arc, time::Duration};

use engine::{claim::Claiming, worker::Settings};
use serde_json::json;
use simulators::faults::{Effect, Fault};
use sqlx::{AssertSqlSafe, Executor, PgPool};
use uuid::Uuid;

use crate::support::{
    Db,
    isp::{self, Isp},
    toy::{self, Ledger, Running, enqueue, outcomes, reaches, status},
};

fn settings(claiming: Claiming) -> Settings {
    Settings { idle_poll: Duration::from_millis(50), connections: 4, listen: false, claiming, ..Settings::default() }
}

#[tokio::test]
async fn g13_poison_panics_and_unwritable_records_stop_nobody_else() {
    let db = toy::db().await;
    let pool = db.pool();
    let mut good = Vec::new();
    let mut bad = Vec::new();
    for turn in 0..20 {
        good.push(enqueue(&pool, &[&format!("good:{turn}")], &["ok", "ok"]).await);
        for plan in ["panic", "unwritable", "undeclared", "reject"] {
            bad.push(enqueue(&pool, &[&format!("{plan}:{turn}")], &["ok", plan]).await);
        }
        let poison = sqlx::query_scalar("select enlace.enqueue('toy', $1)").bind(json!({ "plan": turn }));
        bad.push(poison.fetch_one(&pool).await.unwrap());
    }
    let never = "select enlace.enqueue('toy', '{\"plan\": [\"ok\"]}', not_before => $1::text::timestamptz)";
    let mut far = Vec::new();
    for time in ["infinity", "-infinity", "294000-01-01"] {
        far.push(sqlx::query_scalar(never).bind(time).fetch_one(&pool).await.unwrap());
    }
    let worker = toy::start(&db, &Arc::default());
    for (id, stands) in far.into_iter().zip(["waiting", "succeeded", "waiting"]) {
        reaches(&pool, id, stands).await;
    }
    for id in &good {
        reaches(&pool, *id, "succeeded").await;
        assert_eq!(outcomes(&pool, *id).await, ["done", "done"], "it did not fail with its neighbours");
    }
    for id in &bad {
        reaches(&pool, *id, "parked").await;
    }
    let late = enqueue(&pool, &[], &["ok"]).await;
    reaches(&pool, late, "succeeded").await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g13_a_huge_sync_does_not_hold_up_the_binds_beside_it() {
    let isp = Isp::new(60).await;
    let pool = isp.db.pool();
    let _worker = isp.worker();
    isp.sync().await;
    let free: Vec<i64> =
        isp.ports(200).await.into_iter().filter(|(_, who)| who.is_none()).map(|(port, _)| port).take(5).collect();
    let services = isp.idle_services(5).await;
    // A page of a list that only syncs read takes its time: to this sync the city is huge.
    isp.ozmap.add_fault(Fault::always(Effect::Delay(20_000)).method("GET").path_prefix("/api/v2/poles").times(1));
    let sync = isp::enqueue(&pool, "sync", json!({ "id_integracao": isp.integration })).await;
    while status(&pool, sync).await.0 != "running" {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for (port, service) in free.iter().zip(&services) {
        let id = isp::hubsoft_sets(&pool, *port, Some(*service)).await.unwrap();
        isp::ends(&pool, id, "succeeded", Duration::from_secs(20)).await;
    }
    assert_eq!(status(&pool, sync).await.0, "running", "the sync was over before the binds were");
    isp::ends(&pool, sync, "succeeded", Duration::from_secs(120)).await;
}

/// Serialisation failures at random, wherever a worker writes.
async fn disturb(pool: &PgPool) {
    let function = "create function disturbed() returns trigger language plpgsql as $$
                    begin
                      if random() < 0.1 then raise exception 'told to run again' using errcode = '40001'; end if;
                      return null;
                    end $$";
    pool.execute(function).await.unwrap();
    for (table, when) in [
        ("step", "insert"),
        ("run", "insert or update or delete"),
        ("finished", "insert"),
        ("intake", "insert"),
        ("run_key", "insert or delete"),
        ("worker", "insert or update or delete"),
    ] {
        let trigger = format!(
            "create trigger disturbed after {when} on enlace.{table} for each statement execute function disturbed()"
        );
        pool.execute(AssertSqlSafe(trigger)).await.unwrap();
    }
}

/// 200 workflows on 10 keys by three workers. The same comes out whatever path they take.
async fn comes_out(db: &Db, workers: &[Claiming]) {
    let pool = db.pool();
    let ledger = Arc::new(Ledger::default());
    let running: Vec<Running> = workers.iter().map(|how| toy::start_with(db, &ledger, settings(*how))).collect();
    let mut ids: Vec<(usize, Uuid)> = Vec::new();
    for turn in 0..200 {
        ids.push((turn % 10, enqueue(&pool, &[&format!("k:{}", turn % 10)], &["ok", "transient", "write ok"]).await));
    }
    for (_, id) in &ids {
        reaches(&pool, *id, "succeeded").await;
        // A worker that is told too often to run again may lose its lease: then it shows, and nothing else does.
        let outcomes = outcomes(&pool, *id).await.into_iter().filter(|outcome| outcome != "lost").collect::<Vec<_>>();
        assert_eq!(outcomes, ["done", "failed", "done", "done"], "{id}");
        let writes: i64 =
            sqlx::query_scalar("select count(*) from toy_write where id = $1 and what not like 'trouble%'")
                .bind(id)
                .fetch_one(&pool)
                .await
                .unwrap();
        assert_eq!(writes, 3, "what a step writes is written once (G2)");
    }
    let order = ledger.order();
    for key in 0..10 {
        let own: Vec<Uuid> = ids.iter().filter(|(of, _)| *of == key).map(|(_, id)| *id).collect();
        let began: Vec<Uuid> = order.iter().copied().filter(|id| own.contains(id)).collect();
        assert_eq!(began, own, "one at a time, in the order of commit (G4)");
    }
    for table in ["run", "run_key"] {
        let left = format!("select count(*) from enlace.{table}");
        assert_eq!(sqlx::query_scalar::<_, i64>(AssertSqlSafe(left)).fetch_one(&pool).await.unwrap(), 0);
    }
    for worker in running {
        worker.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_transaction_that_is_told_to_run_again_comes_to_the_same() {
    let db = toy::db().await;
    disturb(&db.pool()).await;
    comes_out(&db, &[Claiming::SkipLocked; 3]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_serialisable_transaction_that_is_told_to_run_again_comes_to_the_same() {
    let db = toy::db().await;
    disturb(&db.pool()).await;
    comes_out(&db, &[Claiming::Guarded; 3]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_that_claim_in_either_way_work_side_by_side() {
    let db = toy::db().await;
    comes_out(&db, &[Claiming::Guarded, Claiming::SkipLocked, Claiming::Guarded]).await;
}

/// A serialisable end that had to wait for somebody sees what was there when it began to, and not a follower that an intake at
/// read committed added meanwhile: nobody tells that one that its turn has come, until somebody looks (found by chaos).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g4_a_follower_that_a_serialisable_end_did_not_see_goes_on() {
    let db = toy::db().await;
    let pool = db.pool();
    let ledger = Arc::new(Ledger::default());
    let head = enqueue(&pool, &["a"], &["hold"]).await;
    let full = toy::start_with(&db, &ledger, Settings { in_flight: 1, ..settings(Claiming::Guarded) });
    reaches(&pool, head, "running").await;
    let free = toy::start_with(
        &db,
        &ledger,
        Settings { idle_poll: Duration::from_millis(5), ..settings(Claiming::SkipLocked) },
    );
    let mut somebody = pool.begin().await.unwrap();
    somebody.execute("select from enlace.run_key for key share").await.unwrap();
    let waits =
        "select exists(select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')";
    toy::until("the end waits for somebody", async || {
        ledger.let_go.notify_waiters();
        sqlx::query_scalar(waits).fetch_one(&pool).await.unwrap()
    })
    .await;
    let follower = enqueue(&pool, &["a"], &["ok"]).await;
    let taken_in = "select exists(select from enlace.run where id = $1)";
    toy::until("the follower is taken in", async || {
        sqlx::query_scalar(taken_in).bind(follower).fetch_one(&pool).await.unwrap()
    })
    .await;
    somebody.commit().await.unwrap();
    reaches(&pool, head, "succeeded").await;
    reaches(&pool, follower, "succeeded").await;
    for worker in [full, free] {
        worker.stop().await;
    }
}

/// The same state, made by hand; and who really waits goes on waiting.
#[tokio::test]
async fn g4_whoever_waits_for_nobody_goes_on() {
    let db = toy::db().await;
    let pool = db.pool();
    let ledger = Arc::new(Ledger::default());
    let head = enqueue(&pool, &["a"], &["hold"]).await;
    let settings =
        Settings { claiming: Claiming::Guarded, idle_poll: Duration::from_millis(100), ..Settings::default() };
    let worker = toy::start_with(&db, &ledger, settings);
    reaches(&pool, head, "running").await;
    let (follower, behind) = (enqueue(&pool, &["a"], &["ok"]).await, enqueue(&pool, &["b"], &["ok"]).await);
    reaches(&pool, follower, "waiting").await;
    reaches(&pool, behind, "succeeded").await;
    let nobody = enqueue(&pool, &["c"], &["hold", "ok"]).await;
    reaches(&pool, nobody, "running").await;
    let missed = "update enlace.run set worker = null, blockers = 1 where id = $1";
    sqlx::query(missed).bind(nobody).execute(&pool).await.unwrap();
    toy::until("it is begun anew", async || ledger.of(nobody).len() > 1).await;
    assert_eq!(ledger.of(nobody).len(), 2, "and once");
    assert_eq!(status(&pool, follower).await.0, "waiting", "whoever waits for somebody goes on waiting");
    for id in [head, nobody, follower] {
        toy::let_go(&pool, &ledger, id).await;
    }
    worker.stop().await;
}
