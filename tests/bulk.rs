//! An act on many outlives the process that does it (G12).

use std::time::{Duration, Instant};

use enlace::desk::{
    Caller,
    acts::Verb,
    bulk::{self, Bulk, Start, Which},
};
use rustix::process::Signal;
use sqlx::PgPool;
use uuid::Uuid;

use crate::support::{Db, Folder, Process, isp::all_ended, toy::pass};

const MANY: i64 = 300;

fn worker(db: &Db, folder: &Folder) -> Process {
    let url = db.url();
    Process::start(folder.path(), &["serve", "--roles", "worker"], &[("DATABASE_URL", &url)])
}

/// Binds that were taken in and wait for a person.
async fn parked(pool: &PgPool) {
    for sql in [
        "insert into enlace.outbox (kind, payload)
         select 'bind', jsonb_build_object('id_porta_atendimento', n, 'id_cliente_servico', n) from generate_series(1, 300) n",
        "insert into enlace.run (id, position, kind, version, lane, status, state, due_at, parked)
         select id, seq, kind, 1, 1, 'parked', 'requested', enlace.now(), 'rejected' from enlace.outbox",
        "insert into enlace.intake
         select (select max(id) + 1 from enlace.intake), (select max(seq) from enlace.outbox), '{}', '{}'",
    ] {
        sqlx::query(sql).execute(pool).await.unwrap();
    }
}

/// Waits until so many have been looked at.
async fn reaches(pool: &PgPool, caller: &Caller, id: Uuid, seen: i64) -> Bulk {
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        let bulk = bulk::show(pool, caller, id).await.unwrap().unwrap();
        if bulk.seen() >= seen {
            return bulk;
        }
        assert!(Instant::now() < deadline, "{bulk:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn g12_an_act_on_many_whose_process_is_killed_is_finished_by_another_and_nothing_is_done_twice() {
    let (db, folder) = (Db::new().await, Folder::new());
    let (pool, caller) = (db.pool(), Caller::at_terminal("ana".to_owned()));
    parked(&pool).await;
    let start = Start {
        action: Verb::Cancel,
        filter: Which { status: Some("parked".to_owned()), ..Which::default() },
        reason: "contrato encerrado".to_owned(),
        outcome: None,
        preview: false,
        pace: Some(100),
    };
    let begun = bulk::start(&pool, &caller, &start).await.unwrap();
    assert_eq!(begun.total, MANY);
    let mut first = worker(&db, &folder);
    reaches(&pool, &caller, begun.id, 50).await;
    first.signal(Signal::KILL);
    first.ended().await;
    let left = bulk::show(&pool, &caller, begun.id).await.unwrap().unwrap();
    assert!(left.status == "running" && left.seen() < MANY, "killed in the middle: {left:?}");
    // The dead leader's lease.
    pass(&pool, Duration::from_secs(15)).await;
    let _second = worker(&db, &folder);
    let all = reaches(&pool, &caller, begun.id, MANY).await;
    assert_eq!((all.done, all.skipped, all.failed), (MANY, 0, 0));
    let (acts, workflows, ended): (i64, i64, i64) = sqlx::query_as(
        "select count(*), count(distinct run_id), (select count(*) from enlace.finished where status = 'cancelled')
         from enlace.act where bulk = $1 and act = 'cancel'",
    )
    .bind(begun.id)
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!((acts, workflows, ended), (MANY, MANY, MANY));
}

/// Everything that waits for a person, with a pace that asks for no patience.
fn all(action: Verb, outcome: Option<&str>) -> Start {
    Start {
        action,
        filter: Which { status: Some("parked".to_owned()), ..Which::default() },
        reason: "rede refeita".to_owned(),
        outcome: outcome.map(str::to_owned),
        preview: false,
        pace: Some(1000),
    }
}

#[tokio::test]
async fn g12_what_an_act_is_not_meant_for_is_left_alone_and_counted_and_what_it_is_meant_for_is_done() {
    let (db, folder) = (Db::new().await, Folder::new());
    let (pool, caller) = (db.pool(), Caller::at_terminal("ana".to_owned()));
    parked(&pool).await;
    let _worker = worker(&db, &folder);
    // None of them made a write whose outcome is unknown, and none asks for leave.
    for start in [all(Verb::Resolve, Some("not_done")), all(Verb::Approve, None), all(Verb::Refuse, None)] {
        let id = bulk::start(&pool, &caller, &start).await.unwrap().id;
        let seen = reaches(&pool, &caller, id, MANY).await;
        assert_eq!((seen.done, seen.skipped, seen.failed), (0, MANY, 0), "{:?}", start.action);
    }
    let id = bulk::start(&pool, &caller, &all(Verb::Skip, None)).await.unwrap().id;
    let seen = reaches(&pool, &caller, id, MANY).await;
    assert_eq!((seen.done, seen.skipped, seen.failed), (MANY, 0, 0));
    all_ended(&pool, Duration::from_secs(60)).await;
    let waived = "select count(*) from enlace.finished where status = 'not_applicable' and result ->> 'reason' like '%rede refeita%'";
    let waived: i64 = sqlx::query_scalar(waived).fetch_one(&pool).await.unwrap();
    assert_eq!(waived, MANY, "each says who waived it and why");
}
