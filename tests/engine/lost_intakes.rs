//! G5 where a crash of Postgres loses an intake: it does not wait for the disk, so that what says who holds a workflow can be
//! gone although its worker lives on.

use std::{sync::Arc, time::Duration};

use engine::worker::Settings;
use enlace::postgres::Server;
use rustix::process::Signal;
use sqlx::PgPool;
use uuid::Uuid;

use crate::support::{
    Db, Folder,
    folder::signal,
    toy::{self, Ledger, Running, enqueue, outcomes, reaches},
};

/// A Postgres of its own, a worker in the first step of a workflow, and a crash that loses what says so.
struct Lost {
    folder: Folder,
    server: Server,
    db: Db,
    ledger: Arc<Ledger>,
    worker: Running,
    id: Uuid,
}

impl Lost {
    /// It comes so long after the step has begun.
    async fn after_a_crash(delay: Duration) -> Self {
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
            let id = enqueue_and_crash(&pool, &ledger, delay).await;
            if !taken_in(&pool, id).await {
                return Self { folder, server, db, ledger, worker, id };
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
/// it has recovered.
async fn enqueue_and_crash(pool: &PgPool, ledger: &Ledger, delay: Duration) -> Uuid {
    let writer = "select pid from pg_stat_activity where backend_type = 'walwriter'";
    let writer: i32 = sqlx::query_scalar(writer).fetch_one(pool).await.unwrap();
    let writer = u32::try_from(writer).unwrap();
    signal(writer, Signal::STOP);
    let id = enqueue(pool, &["a"], &["hold", "ok"]).await;
    while ledger.of(id).is_empty() {
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(delay).await;
    signal(writer, Signal::KILL);
    // The connections that it had are told so one by one.
    for _ in 0..500 {
        let asked = sqlx::query_scalar::<_, i32>("select pid from pg_stat_activity where backend_type = 'walwriter'");
        match asked.fetch_optional(pool).await {
            Ok(Some(now)) if u32::try_from(now) != Ok(writer) => return id,
            _ => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
    panic!("Postgres does not recover");
}

async fn taken_in(pool: &PgPool, id: Uuid) -> bool {
    let there = "select exists (select from enlace.run where id = $1)";
    sqlx::query_scalar(there).bind(id).fetch_one(pool).await.unwrap()
}

/// Lets go whatever holds, until the workflow has ended.
async fn let_go(pool: &PgPool, ledger: &Ledger, id: Uuid) {
    for _ in 0..1500 {
        ledger.let_go.notify_waiters();
        if toy::status(pool, id).await.0 == "succeeded" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{:?}; attempts {:?}", toy::status(pool, id).await, outcomes(pool, id).await);
}

fn times(ledger: &Ledger, id: Uuid, what: &str) -> usize {
    ledger.of(id).iter().filter(|(_, did)| did == what).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g5_what_another_took_in_after_a_crash_is_not_recorded_by_who_held_it_before() {
    let lost = Lost::after_a_crash(Duration::ZERO).await;
    let (pool, id) = (lost.db.pool(), lost.id);
    let other = Arc::new(Ledger::default());
    let second = toy::start(&lost.db, &other);
    while other.of(id).is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let holds = "select worker from enlace.run where id = $1";
    let holder: Uuid = sqlx::query_scalar(holds).bind(id).fetch_one(&pool).await.unwrap();
    let first = "select id from enlace.worker where id <> $1";
    let first: Uuid = sqlx::query_scalar(first).bind(holder).fetch_one(&pool).await.unwrap();
    lost.ledger.let_go.notify_waiters();
    let tried =
        "select exists (select from enlace.step where id = $1) or not exists (select from enlace.worker where id = $2)";
    while !sqlx::query_scalar::<_, bool>(tried).bind(id).bind(first).fetch_one(&pool).await.unwrap() {
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
