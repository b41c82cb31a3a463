//! History: kept in weeks, forgotten after its time, and never in anybody's way (P2, G14).

use std::{sync::Arc, time::Duration};

use engine::{
    acts::{self, Person},
    history::{self, DUTY, Keep, Kept},
    leader::{self, Candidate, Term},
};
use enlace::migrations::FILES;
use sqlx::{AssertSqlSafe, Executor, PgPool};
use uuid::Uuid;

use crate::support::{
    Db,
    toy::{self, Ledger, enqueue, pass, reaches, status},
};

const KEEP: Keep = Keep { days: 90, weeks_ahead: 4 };
const DAY: Duration = Duration::from_secs(24 * 3600);

async fn lead(pool: &PgPool) -> Term {
    let candidate = Candidate { duty: DUTY, name: "test".to_owned(), lease: 1000 * DAY };
    leader::take(pool, &candidate).await.unwrap().unwrap()
}

async fn count(pool: &PgPool, what: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(format!("select count(*) from {what}"))).fetch_one(pool).await.unwrap()
}

/// How many succeeded, of those whose rows are gone.
async fn counted(pool: &PgPool) -> i64 {
    let sum =
        "select coalesce(sum(count), 0)::bigint from enlace.finished_count where kind = 'toy' and status = 'succeeded'";
    sqlx::query_scalar(sum).fetch_one(pool).await.unwrap()
}

async fn named(pool: &PgPool, name: &str) -> Uuid {
    let again = r#"select enlace.enqueue('toy', '{"plan": ["ok"]}', dedup_id => $1)"#;
    sqlx::query_scalar(again).bind(name).fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn p2_old_work_goes_counts_stay_and_what_is_unfinished_is_kept_whatever_its_age() {
    let db = toy::db().await;
    let pool = db.pool();
    let ledger = Arc::new(Ledger::default());
    let worker = toy::start(&db, &ledger);
    let first = named(&pool, "mine").await;
    let mut ids = vec![first];
    for _ in 0..5 {
        ids.push(enqueue(&pool, &["a"], &["ok", "transient", "ok"]).await);
    }
    let stuck = enqueue(&pool, &["b"], &["ok", "reject"]).await;
    for id in &ids {
        reaches(&pool, *id, "succeeded").await;
    }
    reaches(&pool, stuck, "parked").await;
    worker.stop().await;
    let term = lead(&pool).await;
    assert_eq!(history::look(&pool, term, KEEP).await.unwrap().forgotten, 0, "all of it is new");

    pass(&pool, 100 * DAY).await;
    let kept = history::look(&pool, term, KEEP).await.unwrap();
    assert_eq!((kept.forgotten, kept.left), (6, 0));
    assert!(kept.dropped >= 2, "{kept:?}");
    assert_eq!((count(&pool, "enlace.outbox").await, count(&pool, "enlace.finished").await), (1, 0));
    let whole = "enlace.step where id = (select id from enlace.outbox) and outcome in ('done', 'failed')";
    assert_eq!((count(&pool, "enlace.step").await, count(&pool, whole).await), (2, 2), "its history is whole");
    assert_eq!(counted(&pool).await, 6);
    assert_eq!(history::look(&pool, term, KEEP).await.unwrap(), Kept::default(), "there is nothing more to do");
    assert_ne!(named(&pool, "mine").await, first, "a caller's own id is forgotten with its work");

    // What is kept goes on where it stood, and is then kept for as long as anything that has ended.
    acts::cancel(&pool, stuck, Person { name: "ana".to_owned(), reason: "old".to_owned() }).await.unwrap();
    let worker = toy::start(&db, &ledger);
    reaches(&pool, stuck, "cancelled").await;
    reaches(&pool, named(&pool, "mine").await, "succeeded").await;
    worker.stop().await;
    pass(&pool, 89 * DAY).await;
    assert_eq!(history::look(&pool, term, KEEP).await.unwrap().forgotten, 0);
    assert_eq!(status(&pool, stuck).await.0, "cancelled");
    pass(&pool, 2 * DAY).await;
    assert_eq!(history::look(&pool, term, KEEP).await.unwrap().forgotten, 2);
    for table in ["enlace.outbox", "enlace.step", "enlace.finished", "enlace.dedup"] {
        assert_eq!(count(&pool, table).await, 0, "{table}");
    }
    assert_eq!((counted(&pool).await, count(&pool, "enlace.finished_count where status = 'cancelled'").await), (7, 1));
}

#[tokio::test]
async fn partitions_are_made_ahead_and_what_came_before_them_is_fetched() {
    let db = toy::db().await;
    let pool = db.pool();
    let term = lead(&pool).await;
    let early = "insert into enlace.step (id, n, attempt, state, outcome, began_at, ended_at)
                 select enlace.lowest_id(now() + interval '70 days'), 1, 1, 'x', 'done', now(), now() returning tableoid::regclass::text";
    let whose = "select tableoid::regclass::text from enlace.step";
    let there: String = sqlx::query_scalar(early).fetch_one(&pool).await.unwrap();
    assert_eq!(there, "step_default", "a workflow of a week that nobody made is recorded all the same");
    pass(&pool, 70 * DAY).await;
    let kept = history::look(&pool, term, KEEP).await.unwrap();
    assert_eq!((kept.made, kept.left), (10, 0), "five weeks of two tables");
    let there: String = sqlx::query_scalar(whose).fetch_one(&pool).await.unwrap();
    assert!(there.starts_with("step_2"), "{there}");
    assert_eq!(history::look(&pool, term, KEEP).await.unwrap(), Kept::default());
    let last = "select count(*) from enlace.history_partition where enlace.id_time(from_id) > enlace.now() + interval '3 weeks'";
    let ahead: i64 = sqlx::query_scalar(last).fetch_one(&pool).await.unwrap();
    assert_eq!(ahead, 2);
    let no_statistics =
        "select count(*) from pg_attribute a join enlace.history_partition h on a.attrelid = h.partition
                         where h.from_id is not null and a.attnum > 0 and a.attstattarget = 0";
    let without: i64 = sqlx::query_scalar(no_statistics).fetch_one(&pool).await.unwrap();
    let parts: i64 = sqlx::query_scalar("select count(*) from enlace.history_partition where from_id is not null")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(without, parts * 3 / 2, "two columns of steps, one of what has finished");
}

#[tokio::test]
async fn a_leader_whose_term_has_ended_drops_nothing() {
    let db = toy::db().await;
    let pool = db.pool();
    let worker = toy::start(&db, &Arc::default());
    let id = enqueue(&pool, &[], &["ok"]).await;
    reaches(&pool, id, "succeeded").await;
    worker.stop().await;
    let candidate = Candidate { duty: DUTY, name: "slept".to_owned(), lease: DAY };
    let slept = leader::take(&pool, &candidate).await.unwrap().unwrap();
    pass(&pool, 100 * DAY).await;
    lead(&pool).await;
    assert!(matches!(history::look(&pool, slept, KEEP).await, Err(engine::Error::LeaseLost)));
    assert_eq!((status(&pool, id).await.0.as_str(), count(&pool, "enlace.step").await), ("succeeded", 1));
}

#[tokio::test]
async fn g14_dropping_waits_for_whoever_reads_and_keeps_nobody_waiting() {
    let db = toy::db().await;
    let pool = db.pool();
    let worker = toy::start(&db, &Arc::default());
    let id = enqueue(&pool, &[], &["ok"]).await;
    reaches(&pool, id, "succeeded").await;
    pass(&pool, 100 * DAY).await;
    let mut reading = pool.begin().await.unwrap();
    sqlx::query("select count(*) from enlace.step").fetch_one(&mut *reading).await.unwrap();
    let dropping = tokio::spawn({
        let pool = pool.clone();
        async move { history::look(&pool, lead(&pool).await, KEEP).await.unwrap() }
    });
    // It is at it while work goes on: none of these waits for the reader.
    for _ in 0..5 {
        let id = enqueue(&pool, &[], &["ok"]).await;
        reaches(&pool, id, "succeeded").await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(!dropping.is_finished(), "it dropped what somebody was reading");
    reading.commit().await.unwrap();
    let kept = dropping.await.unwrap();
    assert!(kept.dropped >= 2 && kept.left == 0, "{kept:?}");
    worker.stop().await;
}

/// What 0009 finds: an earlier release's tables with rows, and sessions of its workers that have prepared their statements.
#[tokio::test]
async fn g10_tables_of_an_earlier_release_become_partitions_under_its_running_workers() {
    let db = Db::empty().await;
    let mut old = db.connection().await;
    old.execute("create schema enlace; set search_path = public").await.unwrap();
    let (before, after): (Vec<_>, Vec<_>) = FILES.iter().partition(|(file, _)| *file < "0009");
    for (_, sql) in before {
        old.execute(AssertSqlSafe(sql.to_string())).await.unwrap();
    }
    let bind = r#"insert into enlace.outbox (kind, payload) select 'bind', '{"id_porta_atendimento": 1, "id_cliente_servico": 2}' from generate_series(1, 3)"#;
    old.execute(bind).await.unwrap();
    let record = "insert into enlace.step (id, n, attempt, state, outcome, next_state, began_at, ended_at) values ($1, 1, 1, 'requested', 'done', 'end', now(), now())";
    let end =
        "insert into enlace.finished (id, kind, version, status, state) values ($1, 'bind', 1, 'succeeded', 'end')";
    let statuses = "select status from enlace.workflow order by seq";
    let ids: Vec<Uuid> =
        sqlx::query_scalar("select id from enlace.outbox order by seq").fetch_all(&mut old).await.unwrap();
    // An id that is no uuid v7 must not stretch the first partition over all time.
    let odd: Uuid = "ffffffff-ffff-4fff-8fff-ffffffffffff".parse().unwrap();
    for id in [ids[0], ids[1], odd] {
        sqlx::query(record).bind(id).execute(&mut old).await.unwrap();
        sqlx::query(end).bind(id).execute(&mut old).await.unwrap();
    }
    let as_before: Vec<String> = sqlx::query_scalar(statuses).fetch_all(&mut old).await.unwrap();

    let mut new = db.connection().await;
    for (_, sql) in after {
        new.execute(AssertSqlSafe(sql.to_string())).await.unwrap();
    }
    assert_eq!(sqlx::query_scalar::<_, String>(statuses).fetch_all(&mut old).await.unwrap(), as_before);
    assert_eq!(as_before, ["succeeded", "succeeded", "queued"]);
    sqlx::query(record).bind(ids[2]).execute(&mut old).await.unwrap();
    sqlx::query(end).bind(ids[2]).execute(&mut old).await.unwrap();
    let now: Vec<String> = sqlx::query_scalar(statuses).fetch_all(&mut old).await.unwrap();
    assert_eq!(now, ["succeeded"; 3]);
    let twice = sqlx::query(record).bind(ids[2]).execute(&mut old).await.unwrap_err().to_string();
    assert!(twice.contains("duplicate key"), "{twice}");
    let parts = "select id, tableoid::regclass::text from enlace.finished order by id";
    let parts: Vec<(Uuid, String)> = sqlx::query_as(parts).fetch_all(&mut new).await.unwrap();
    let names: Vec<&str> = parts.iter().map(|(_, part)| part.as_str()).collect();
    assert_eq!(names, ["finished_first", "finished_first", "finished_first", "finished_default"]);
}

/// Every statement that a worker repeats, with 100,000 dead rows in its way that nothing may clean away: pages touched.
#[tokio::test]
async fn g14_what_is_repeated_does_not_walk_over_the_dead() {
    let db = toy::db().await;
    let pool = db.pool();
    let mut reader = pool.begin().await.unwrap();
    sqlx::query("set transaction isolation level repeatable read").execute(&mut *reader).await.unwrap();
    sqlx::query("select count(*) from enlace.run").fetch_one(&mut *reader).await.unwrap();
    let dead = "
        insert into enlace.outbox (kind, payload) select 'toy', '{}' from generate_series(1, 100000);
        insert into enlace.run (id, position, kind, version, lane, status, state, due_at)
        select id, seq, kind, 1, 1, 'queued', 'a', enqueued_at - interval '1 minute' from enlace.outbox;
        delete from enlace.run;
        insert into enlace.intake select g, 100000, '{}', '{}' from generate_series(1, 100000) g;
        delete from enlace.intake where id < 99000;
        insert into enlace.worker (name, build, lease_until) select 'w', '1', enlace.now() + interval '1 hour';
        analyze";
    pool.execute(dead).await.unwrap();
    let me: Uuid = sqlx::query_scalar("select id from enlace.worker").fetch_one(&pool).await.unwrap();
    let file = |name: &str| crate::support::tree::read(&format!("src/engine/{name}.sql"));
    let mut wrong = Vec::new();
    for (name, parameters) in [
        ("sql/claim", format!("'{me}', 1000, '{{\"toy\": 1}}', array_fill(now(), array[3])")),
        ("sql/claim_guarded", format!("'{me}', 1000, '{{\"toy\": 1}}', array_fill(now(), array[3])")),
        ("sql/resume_find", "-1, '{\"toy\": 1}', 100".to_owned()),
        ("sql/lease_renew", format!("'{me}', 10")),
        ("sql/around", format!("'{me}'")),
        ("sql/intake_trim", "100000".to_owned()),
        ("sql/intake_read", "1000, '{\"toy\": 1}'".to_owned()),
        ("sql/later_work", "'{port:1,service:2}', 5".to_owned()),
        ("upstream/sql/states", String::new()),
        ("sql/schedule_until", String::new()),
    ] {
        let mut conn = db.connection().await;
        let second = if name.starts_with("sql/claim") { file("sql/claimed") } else { String::new() };
        conn.execute(AssertSqlSafe(format!("prepare s as {}{second}", file(name)))).await.unwrap();
        let arguments = if parameters.is_empty() { String::new() } else { format!("({parameters})") };
        let explain = format!("explain (analyze, buffers, format json) execute s{arguments}");
        let plan: serde_json::Value = sqlx::query_scalar(AssertSqlSafe(explain)).fetch_one(&mut conn).await.unwrap();
        let pages = |kind: &str| plan[0]["Plan"][kind].as_i64().unwrap();
        let touched = pages("Shared Hit Blocks") + pages("Shared Read Blocks");
        println!("{name}: {touched} pages");
        if touched > 150 {
            wrong.push(format!("{name} touches {touched} pages: {plan:#}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    reader.rollback().await.unwrap();
}
