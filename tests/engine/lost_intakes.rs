//! G5 where a crash of Postgres loses an intake: it does not wait for the disk, so that what says who holds a workflow can be
//! gone although its worker lives on.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use engine::{
    db::{Why, why},
    worker::Settings,
};
use enlace::postgres::Server;
use rustix::process::Signal;
use sqlx::{
    PgPool, Postgres,
    postgres::{PgArguments, PgQueryResult},
    query::Query,
};
use uuid::Uuid;

use crate::support::{
    Db, Folder,
    folder::signal,
    toy::{self, Ledger, Running, enqueue, let_go, outcomes, reaches},
    tree::read,
};

/// A Postgres of its own, a worker in the first step of a workflow, and a crash that loses what says so.
struct Lost {
    folder: Folder,
    server: Server,
    db: Db,
    ledger: Arc<Ledger>,
    worker: Running,
    /// That worker's own.
    lease: Uuid,
    id: Uuid,
}

impl Lost {
    /// It comes so long after the step has begun.
    async fn after_a_crash(delay: Duration) -> Self {
        loop {
            if let Some(lost) = Self::once(delay).await {
                return lost;
            }
        }
    }

    /// None, where the writer of the log was stopped with a lock in hand: nobody can commit then.
    async fn once(delay: Duration) -> Option<Self> {
        let folder = Folder::new();
        let server = Server::start(&folder.options()).await.unwrap();
        let db = toy::on(Db::on(&server.options()).await).await;
        let pool = db.pool();
        let ledger = Arc::new(Ledger::default());
        // It rests for so long that its connection is replaced unnoticed, if it does not notice the crash itself.
        let settings = Settings { idle_poll: Duration::from_secs(1), connections: 4, ..Settings::default() };
        let worker = toy::start_with(&db, &ledger, settings);
        for _ in 0..50 {
            let warm = enqueue(&pool, &[], &["ok"]).await;
            reaches(&pool, warm, "succeeded").await;
            let lease = sqlx::query_scalar("select id from enlace.worker").fetch_one(&pool).await.unwrap();
            let Some(id) = enqueue_and_crash(&pool, &ledger, delay).await else {
                ledger.let_go.notify_waiters();
                worker.stop().await;
                server.stop().await.unwrap();
                return None;
            };
            if !taken_in(&pool, id).await {
                return Some(Self { folder, server, db, ledger, worker, lease, id });
            }
            // Somebody else's commit took it to the disk along with its own.
            ledger.let_go.notify_waiters();
            while toy::status(&pool, id).await.0 != "succeeded" {
                ledger.let_go.notify_waiters();
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        panic!("no intake was ever lost");
    }

    async fn over(self) {
        self.worker.stop().await;
        self.server.stop().await.unwrap();
        drop(self.folder);
    }
}

/// Nobody writes the log but those who commit and wait for it, while the workflow is taken in; then Postgres crashes. Returns when
/// it has recovered; none, where nothing could be committed.
async fn enqueue_and_crash(pool: &PgPool, ledger: &Ledger, delay: Duration) -> Option<Uuid> {
    let writer = "select pid from pg_stat_activity where backend_type = 'walwriter'";
    let writer: i32 = sqlx::query_scalar(writer).fetch_one(pool).await.unwrap();
    let writer = u32::try_from(writer).unwrap();
    signal(writer, Signal::STOP);
    let held = async {
        let id = enqueue(pool, &["a"], &["hold", "ok"]).await;
        while ledger.of(id).is_empty() {
            tokio::task::yield_now().await;
        }
        tokio::time::sleep(delay).await;
        id
    };
    let held = tokio::time::timeout(Duration::from_secs(3), held).await.ok();
    signal(writer, Signal::KILL);
    // The connections that it had are told so one by one.
    for _ in 0..500 {
        let asked = sqlx::query_scalar::<_, i32>("select pid from pg_stat_activity where backend_type = 'walwriter'");
        match asked.fetch_optional(pool).await {
            Ok(Some(now)) if u32::try_from(now) != Ok(writer) => return held,
            _ => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
    panic!("Postgres does not recover");
}

async fn taken_in(pool: &PgPool, id: Uuid) -> bool {
    let there = "select exists (select from enlace.run where id = $1)";
    sqlx::query_scalar(there).bind(id).fetch_one(pool).await.unwrap()
}

fn times(ledger: &Ledger, id: Uuid, what: &str) -> usize {
    ledger.of(id).iter().filter(|(_, did)| did == what).count()
}

/// A crash after which a second worker took in what the first believes that it holds.
async fn taken_by_another() -> (Lost, Running, Arc<Ledger>) {
    for _ in 0..20 {
        let lost = Lost::after_a_crash(Duration::ZERO).await;
        let other = Arc::new(Ledger::default());
        let second = toy::start(&lost.db, &other);
        // On a busy machine the first may notice the crash, begin anew, and come before the second.
        while times(&lost.ledger, lost.id, "hold") < 2 {
            if !other.of(lost.id).is_empty() {
                return (lost, second, other);
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        lost.ledger.let_go.notify_waiters();
        second.stop().await;
        lost.over().await;
    }
    panic!("the first has always noticed the crash in time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g5_what_another_took_in_after_a_crash_is_not_recorded_by_who_held_it_before() {
    let (lost, second, other) = taken_by_another().await;
    let (pool, id) = (lost.db.pool(), lost.id);
    let holds = "select worker from enlace.run where id = $1";
    let holder: Uuid = sqlx::query_scalar(holds).bind(id).fetch_one(&pool).await.unwrap();
    lost.ledger.let_go.notify_waiters();
    let tried =
        "select exists (select from enlace.step where id = $1) or not exists (select from enlace.worker where id = $2)";
    while !sqlx::query_scalar::<_, bool>(tried).bind(id).bind(lost.lease).fetch_one(&pool).await.unwrap() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(outcomes(&pool, id).await, [""; 0], "recorded by a worker that does not hold it");
    let_go(&pool, &other, id).await;
    let by = "select array_agg(worker) from enlace.step where id = $1";
    let by: Vec<Uuid> = sqlx::query_scalar(by).bind(id).fetch_one(&pool).await.unwrap();
    assert_eq!(by, [holder; 2]);
    assert_eq!((times(&lost.ledger, id, "ok"), times(&other, id, "ok")), (0, 1));
    second.stop().await;
    lost.over().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g5_a_worker_that_finds_in_the_outbox_what_it_holds_begins_it_anew_and_only_once() {
    // By then it has asked whatever it had to ask, and rests: no answer that it waits for tells it of the crash.
    let lost = Lost::after_a_crash(Duration::from_millis(50)).await;
    let (pool, id) = (lost.db.pool(), lost.id);
    while times(&lost.ledger, id, "hold") < 2 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let_go(&pool, &lost.ledger, id).await;
    assert_eq!(outcomes(&pool, id).await, ["done", "done"]);
    assert_eq!(times(&lost.ledger, id, "ok"), 1, "both that held it went on");
    lost.over().await;
}

/// A worker with a lease; its id.
async fn a_worker(pool: &PgPool) -> Uuid {
    let worker = "insert into enlace.worker (name, build, lease_until) values ('w', 'b', enlace.now() + interval '1 hour') returning id";
    sqlx::query_scalar(worker).fetch_one(pool).await.unwrap()
}

/// Lets a worker hold a workflow; since when it does.
async fn holds(pool: &PgPool, worker: Uuid, id: Uuid) -> DateTime<Utc> {
    let held = "insert into enlace.run (id, position, kind, version, lane, status, state, due_at, worker)
                values ($1, 1, 'toy', 1, 1, 'queued', 'working', now(), $2) returning since";
    sqlx::query_scalar(held).bind(id).bind(worker).fetch_one(pool).await.unwrap()
}

/// A statement that begins with record_steps.sql, and a first attempt that led to the end.
fn first_attempt(
    statement: &str,
    (worker, id): (Uuid, Uuid),
    at: DateTime<Utc>,
    afloat: Option<DateTime<Utc>>,
) -> Query<'static, Postgres, PgArguments> {
    let nothing = || vec![None::<serde_json::Value>];
    let query = sqlx::query(sqlx::AssertSqlSafe(statement.to_owned())).bind(worker).bind(vec![id]).bind(vec![1]);
    let query = query.bind(vec![1_i16]).bind(vec!["working"]).bind(vec!["done"]).bind(vec![Some("done")]);
    query.bind(nothing()).bind(nothing()).bind(nothing()).bind(vec![at]).bind(vec![at]).bind(vec![afloat])
}

/// How many rows were written, or why none was.
fn came_to(done: Result<PgQueryResult, sqlx::Error>) -> Result<u64, Why> {
    done.map(|done| done.rows_affected()).map_err(|error| why(&error))
}

/// Whoever's answer was lost sends the same record again, and the workflow may have ended by it.
#[tokio::test]
async fn g5_g11_a_first_record_is_written_once_while_it_is_held_as_it_was() {
    let db = toy::db().await;
    let pool = db.pool();
    let id = enqueue(&pool, &[], &["ok"]).await;
    let worker = a_worker(&pool).await;
    let since = holds(&pool, worker, id).await;
    let statement = read("src/engine/sql/record_steps.sql") + &read("src/engine/sql/record_alone.sql");
    let record = async |began_at: DateTime<Utc>, since: DateTime<Utc>| {
        came_to(first_attempt(&statement, (worker, id), began_at, Some(since)).execute(&pool).await)
    };
    let (began_at, anew) = (since, since + chrono::TimeDelta::seconds(1));
    assert_eq!(record(began_at, anew).await, Err(Why::NotHeld), "it is held since another time");
    assert_eq!(record(began_at, since).await, Ok(1));
    sqlx::query("delete from enlace.run").execute(&pool).await.unwrap();
    assert_eq!(record(began_at, since).await, Err(Why::NotHeld), "it has ended, perhaps by this very record");
    assert_eq!(record(anew, since).await, Err(Why::NotHeld));
    let statement = read("src/engine/sql/record_stands.sql");
    let stands = async |began_at: DateTime<Utc>| -> bool {
        let query = sqlx::query_scalar(sqlx::AssertSqlSafe(statement.clone())).bind(id).bind(1).bind(1_i16);
        query.bind(worker).bind(began_at).fetch_one(&pool).await.unwrap()
    };
    let (own, other) = (stands(began_at).await, stands(anew).await);
    assert!(own && !other, "whoever wrote it is told that it is written, and nobody else");
}

/// An attempt and the end that it brought are one statement.
#[tokio::test]
async fn g2_g5_an_end_is_written_with_its_attempt_or_neither_is() {
    let db = toy::db().await;
    let pool = db.pool();
    let id = enqueue(&pool, &[], &["ok"]).await;
    let (own, other) = (a_worker(&pool).await, a_worker(&pool).await);
    holds(&pool, other, id).await;
    let statement = read("src/engine/sql/record_steps.sql") + &read("src/engine/sql/record_ends.sql");
    let record = async |by: Uuid| {
        let nothing = vec![None::<serde_json::Value>];
        let query = first_attempt(&statement, (by, id), Utc::now(), None).bind(vec![id]).bind(vec!["succeeded"]);
        came_to(query.bind(vec!["done"]).bind(nothing.clone()).bind(nothing).execute(&pool).await)
    };
    let there = async || {
        let counts = "select (select count(*) from enlace.step), (select count(*) from enlace.finished), (select count(*) from enlace.run)";
        sqlx::query_as::<_, (i64, i64, i64)>(counts).fetch_one(&pool).await.unwrap()
    };
    assert_eq!(record(own).await, Err(Why::NotHeld), "another worker holds it");
    assert_eq!(there().await, (0, 0, 1));
    let lease = "update enlace.worker set lease_until = enlace.now() + $2 * interval '1 minute' where id = $1";
    sqlx::query(lease).bind(other).bind(-1).execute(&pool).await.unwrap();
    assert_eq!(record(other).await, Ok(0), "whoever holds it has no lease");
    assert_eq!(there().await, (0, 0, 1));
    sqlx::query(lease).bind(other).bind(1).execute(&pool).await.unwrap();
    assert_eq!(record(other).await, Ok(1));
    assert_eq!(there().await, (1, 1, 0));
}
