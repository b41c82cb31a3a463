//! G5: leases, fencing, takeover and the orderly stop; G9's ticks.

use std::{sync::Arc, time::Duration};

use engine::{
    claim::Claiming,
    db::{SESSION, worker_pool},
    lease::Lease,
    schedule,
    worker::Settings,
};
use serde_json::json;

use crate::support::toy::{self, Ledger, enqueue, outcomes, pass, reaches};

#[tokio::test]
async fn g5_a_worker_whose_lease_was_taken_records_nothing_more() {
    let db = toy::db().await;
    let pool = db.pool();
    let (stuck, other) = (Arc::new(Ledger::default()), Arc::new(Ledger::default()));
    let id = enqueue(&pool, &["a"], &["hold", "ok"]).await;
    let paused = toy::start(&db, &stuck);
    reaches(&pool, id, "running").await;
    // What a worker that stopped for longer than its lease finds: somebody has taken its work.
    sqlx::query("update enlace.worker set lease_until = enlace.now() - interval '1 second'")
        .execute(&pool)
        .await
        .unwrap();
    let taker = toy::start(&db, &other);
    other.let_go.notify_one();
    reaches(&pool, id, "succeeded").await;
    stuck.let_go.notify_one();
    let last = enqueue(&pool, &[], &["ok"]).await;
    reaches(&pool, last, "succeeded").await;
    assert_eq!(outcomes(&pool, id).await, ["done", "done"], "one record of each step");
    paused.stop().await;
    taker.stop().await;
}

#[tokio::test]
async fn g3_a_write_whose_worker_died_is_looked_at_before_it_is_made_again() {
    let db = toy::db().await;
    let pool = db.pool();
    let (dead, other) = (Arc::new(Ledger::default()), Arc::new(Ledger::default()));
    let id = enqueue(&pool, &[], &["ok", "write hold", "ok"]).await;
    let worker = toy::start(&db, &dead);
    dead.begins(id, 2).await;
    worker.kill().await;
    pass(&pool, Duration::from_secs(9)).await;
    let taker = toy::start(&db, &other);
    reaches(&pool, id, "succeeded").await;
    assert_eq!(outcomes(&pool, id).await, ["done", "lost", "done", "done"]);
    let did: Vec<_> = other.of(id).into_iter().map(|(_, what)| what).collect();
    assert_eq!(did, ["look", "ok"]);
    taker.stop().await;
}

/// Whose connection was cut does not know what the server still does for it.
#[tokio::test]
async fn g5_what_is_still_being_claimed_while_its_lease_is_given_up_is_freed_as_well() {
    let db = toy::db().await;
    let pool = db.pool();
    let ledger = Arc::new(Ledger::default());
    let id = enqueue(&pool, &[], &["hold"]).await;
    let worker = toy::start(&db, &ledger);
    reaches(&pool, id, "running").await;
    worker.kill().await;
    let lease = Lease::take(&pool, "cut off", &json!({}), Duration::from_secs(60)).await.unwrap();
    let mut claim = pool.begin().await.unwrap();
    for statement in ["select from enlace.worker where id = $1 for key share", "update enlace.run set worker = $1"] {
        sqlx::query(statement).bind(lease.worker).execute(&mut *claim).await.unwrap();
    }
    let giving_up = tokio::spawn({
        let (lease, pool) = (Arc::clone(&lease), pool.clone());
        async move { lease.give_up(&pool, &[]).await }
    });
    let waits =
        "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')";
    while !sqlx::query_scalar::<_, bool>(waits).fetch_one(&pool).await.unwrap() {
        tokio::task::yield_now().await;
    }
    claim.commit().await.unwrap();
    giving_up.await.unwrap().unwrap();
    let held: Option<uuid::Uuid> = sqlx::query_scalar("select worker from enlace.run").fetch_one(&pool).await.unwrap();
    assert_eq!(held, None, "nobody would take it away from a worker that is no more");
}

/// Of what it was told there it has done nothing yet.
#[tokio::test]
async fn g3_a_worker_that_gives_up_what_it_has_not_begun_leaves_the_mark_of_an_interrupted_write() {
    let db = toy::db().await;
    let pool = db.pool();
    let id = enqueue(&pool, &[], &["ok", "write hold"]).await;
    let ledger = Arc::new(Ledger::default());
    let dead = toy::start(&db, &ledger);
    ledger.begins(id, 2).await;
    dead.kill().await;
    let gives_up = async |recorded: bool| -> bool {
        let lease = Lease::take(&pool, "claims", &json!({}), Duration::from_secs(60)).await.unwrap();
        let marked = "update enlace.run set worker = $1, interrupted_by = gen_random_uuid(), since = enlace.now()";
        sqlx::query(marked).bind(lease.worker).execute(&pool).await.unwrap();
        if recorded {
            let looked = "insert into enlace.step (id, n, attempt, state, outcome, next_state, began_at, ended_at, worker)
                          select id, 2, 1, 'writing', 'lost', 'looking', enlace.now(), enlace.now(), worker from enlace.run";
            sqlx::query(looked).execute(&pool).await.unwrap();
        }
        lease.give_up(&pool, &[]).await.unwrap();
        let marked = "select interrupted_by is not null from enlace.run where worker is null";
        sqlx::query_scalar(marked).fetch_one(&pool).await.unwrap()
    };
    assert!(gives_up(false).await, "whoever comes next has to look");
    assert!(!gives_up(true).await, "it was recorded as lost, and is being settled");
}

#[tokio::test]
async fn g5_an_orderly_stop_hands_over_at_once() {
    let db = toy::db().await;
    let pool = db.pool();
    let ledger = Arc::new(Ledger::default());
    let ids = [enqueue(&pool, &["a"], &["ok", "ok"]).await, enqueue(&pool, &["b"], &["hold", "ok"]).await];
    let first = toy::start(&db, &ledger);
    reaches(&pool, ids[1], "running").await;
    let second = toy::start(&db, &ledger);
    let began = std::time::Instant::now();
    first.stop().await;
    assert!(began.elapsed() < Duration::from_secs(10), "a stop takes {:?}", began.elapsed());
    ledger.let_go.notify_waiters();
    // The second worker has begun the step that the first could not finish.
    ledger.begins(ids[1], 2).await;
    ledger.let_go.notify_one();
    reaches(&pool, ids[1], "succeeded").await;
    second.stop().await;
}

#[tokio::test]
async fn g14_an_idle_worker_asks_less_than_ten_times_a_second() {
    let db = toy::db().await;
    let pool = db.pool();
    let worker = toy::start_with(&db, &Arc::default(), Settings::default());
    let id = enqueue(&pool, &[], &["ok"]).await;
    reaches(&pool, id, "succeeded").await;
    let count = "select pg_stat_clear_snapshot(), xact_commit + xact_rollback from pg_stat_database where datname = current_database()";
    let transactions = async || {
        let mut conn = db.connection().await;
        sqlx::query("select pg_stat_force_next_flush()").execute(&mut conn).await.unwrap();
        let row: ((), i64) = sqlx::query_as(count).fetch_one(&mut conn).await.unwrap();
        row.1
    };
    // Connections tell of what they did with a delay of seconds, so a window may be charged with work from before it: the
    // quietest of some windows is what an idle worker costs.
    let mut quietest = i64::MAX;
    for _ in 0..4 {
        let before = transactions().await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        quietest = quietest.min((transactions().await - before) / 3);
        if quietest < 10 {
            break;
        }
    }
    assert!(quietest < 10, "{quietest} transactions a second");
    worker.stop().await;
}

#[tokio::test]
async fn g9_a_tick_starts_exactly_one_workflow_however_many_schedulers_run() {
    let db = toy::db().await;
    let pool = db.pool();
    let mut conn = db.connection().await;
    let id = schedule::add(&mut conn, "toy", &json!({"plan": ["ok"]}), "0 4 * * *", "America/Sao_Paulo").await.unwrap();
    let again =
        schedule::add(&mut conn, "toy", &json!({"plan": ["ok"]}), "0 4 * * *", "America/Sao_Paulo").await.unwrap();
    assert_eq!(id, again, "the same schedule is not added twice");
    sqlx::query("update enlace.schedule set next_at = enlace.now() - interval '1 second'")
        .execute(&pool)
        .await
        .unwrap();
    let looks: Vec<_> = (0..8)
        .map(|_| {
            tokio::spawn({
                let pool = pool.clone();
                async move { schedule::tick(&pool).await }
            })
        })
        .collect();
    let mut started = 0;
    for look in looks {
        started += look.await.unwrap().unwrap().started.len();
    }
    let rows: (i64,) = sqlx::query_as("select count(*) from enlace.outbox").fetch_one(&pool).await.unwrap();
    assert_eq!((started, rows.0), (1, 1));
}

#[tokio::test]
async fn s1_a_tick_missed_by_less_than_six_hours_is_made_up_once_and_older_ones_are_recorded_as_skipped() {
    let db = toy::db().await;
    let pool = db.pool();
    let mut conn = db.connection().await;
    schedule::add(&mut conn, "toy", &json!({"plan": ["ok"]}), "0 * * * *", "America/Sao_Paulo").await.unwrap();
    let (ahead,): (f64,) =
        sqlx::query_as("select extract(epoch from next_at - enlace.now())::float8 from enlace.schedule")
            .fetch_one(&pool)
            .await
            .unwrap();
    pass(&pool, Duration::from_secs_f64(ahead) + Duration::from_secs(3 * 3600 + 60)).await;
    let ticked = schedule::tick(&pool).await.unwrap();
    assert_eq!((ticked.started.len(), ticked.skipped), (1, 3), "the last of four is made up");
    // Whatever the hour: a tick of 04:00 may have been recorded above, by the hourly pattern.
    let later = "with gone as (delete from enlace.tick)
                 update enlace.schedule set pattern = '0 4 * * *', next_at = enlace.now() - interval '7 hours'";
    sqlx::query(later).execute(&pool).await.unwrap();
    schedule::tick(&pool).await.unwrap();
    let (late,): (i64,) =
        sqlx::query_as("select count(*) from enlace.tick where outcome = 'skipped'").fetch_one(&pool).await.unwrap();
    assert!(late >= 1, "seven hours late is too late, and is recorded");
}

#[tokio::test]
async fn g13_a_schedule_whose_workflow_is_refused_holds_up_no_other() {
    let db = toy::db().await;
    let pool = db.pool();
    let mut conn = db.connection().await;
    let refuses = "create or replace function enlace.admitted(kind text, payload jsonb) returns jsonb language plpgsql as $$ begin
        if kind = 'sync' then raise exception using errcode = '22023', message = 'id_projeto: project 99 has no integration'; end if;
        return payload; end $$";
    sqlx::query(refuses).execute(&pool).await.unwrap();
    for (kind, payload) in [("sync", json!({"id_projeto": 99})), ("toy", json!({"plan": ["ok"]}))] {
        schedule::add(&mut conn, kind, &payload, "0 4 1 1 *", "America/Sao_Paulo").await.unwrap();
    }
    sqlx::query("update enlace.schedule set next_at = enlace.now() - interval '1 minute'")
        .execute(&pool)
        .await
        .unwrap();
    let ticked = schedule::tick(&pool).await.unwrap();
    assert_eq!((ticked.started.len(), ticked.skipped), (1, 0));
    let due = "select kind from enlace.schedule where next_at <= enlace.now()";
    let due: Vec<String> = sqlx::query_scalar(due).fetch_all(&pool).await.unwrap();
    assert_eq!(due, ["sync"], "it is tried again");
}

/// Over a socket there is no network to lose anything: what is shown there is what was asked for.
#[tokio::test]
async fn g11_the_server_is_asked_to_end_the_sessions_whose_other_end_is_gone() {
    let db = toy::db().await;
    let pool = worker_pool(db.options(), 1, Claiming::SkipLocked).await.unwrap();
    for (name, asked) in SESSION {
        let has = "select reset_val || coalesce(unit, '') from pg_settings where name = $1";
        let has: String = sqlx::query_scalar(has).bind(name).fetch_one(&pool).await.unwrap();
        assert!([asked, &asked.replace('s', "000ms")].contains(&has.as_str()), "{name}: {has} instead of {asked}");
    }
}
