//! G12 and G3: what people may do to a workflow, every act on every standing, and what becomes of a write whose outcome is unknown.

use std::{sync::Arc, time::Duration};

use engine::{
    acts::{self, Act, Acted, Ask, Person},
    registry::Definitions,
};
use serde_json::{Value, json};
use sqlx::PgPool;
use strum::IntoEnumIterator;
use uuid::Uuid;

use crate::support::toy::{self, Ledger, Toy, enqueue, outcomes, pass, reaches, status};

fn kinds() -> Definitions {
    Definitions::default().with::<Toy>()
}

async fn ask(pool: &PgPool, id: Uuid, ask: Ask) -> Acted {
    let ana = Person { name: "ana".to_owned(), reason: "the cable was mended".to_owned() };
    acts::act(pool, &kinds(), id, ask, ana).await.unwrap()
}

async fn plain(pool: &PgPool, id: Uuid, act: Act) -> Acted {
    ask(pool, id, Ask::Plain(act)).await
}

/// Every act there is, with something to take along where it takes any.
fn asks() -> Vec<Ask> {
    Act::iter()
        .map(|act| match act {
            Act::Retry => Ask::Retry { payload: None },
            Act::Resolve => Ask::Resolve { done: true },
            other => Ask::Plain(other),
        })
        .collect()
}

/// A workflow that stands like this, without a worker: (status, parked, held, blockers, asked).
type Standing = (&'static str, Option<&'static str>, bool, i16, Option<&'static str>);

async fn standing(pool: &PgPool, (status, parked, held, blockers, asked): Standing) -> Uuid {
    let id = enqueue(pool, &[], &["ok"]).await;
    let hold = json!({ "person": "rui", "reason": "feriado", "at": "2026-01-02T03:04:05Z", "status": "waiting" });
    sqlx::query(
        "insert into enlace.run (id, position, kind, version, lane, status, state, due_at, parked, worker, blockers, asked, hold)
         select o.id, o.seq, o.kind, 1, 1, $2, 'working', case $2 when 'queued' then '2020-01-01' else '2037-01-01' end::timestamptz, $3, case when $4 then gen_random_uuid() end, $5, $6, $7
         from enlace.outbox o where o.id = $1",
    )
    .bind(id)
    .bind(status)
    .bind(parked)
    .bind(held)
    .bind(blockers)
    .bind(asked.map(|act| json!({ "act": act, "person": "rui", "reason": "x" })))
    .bind((status == "paused").then_some(hold))
    .execute(pool)
    .await
    .unwrap();
    id
}

/// What of a workflow an act could change.
async fn whole(pool: &PgPool, id: Uuid) -> Value {
    let sql = "select jsonb_build_object('run', (select to_jsonb(r) from enlace.run r where r.id = $1),
        'end', (select to_jsonb(f) from enlace.finished f where f.id = $1),
        'steps', (select count(*) from enlace.step where id = $1), 'acts', (select count(*) from enlace.act where run_id = $1),
        'edits', (select count(*) from enlace.edit where id = $1))";
    sqlx::query_scalar(sql).bind(id).fetch_one(pool).await.unwrap()
}

/// Every act on every standing: the legal ones work and are recorded, the others name the legal ones and change nothing.
#[tokio::test]
async fn g12_every_act_on_every_standing_works_or_says_what_does_and_changes_nothing() {
    let db = toy::db().await;
    let pool = db.pool();
    let parked = |why, legal: &'static [&'static str]| (("parked", Some(why), false, 0, None), legal);
    let standings: Vec<(Standing, &[&str])> = vec![
        (("queued", None, false, 0, None), &["pause", "cancel"]),
        (("queued", None, false, 1, None), &["pause", "cancel"]),
        (("queued", None, false, 0, Some("cancel")), &[]),
        (("queued", None, true, 0, None), &["pause", "cancel"]),
        (("queued", None, true, 0, Some("pause")), &["cancel"]),
        (("queued", None, true, 0, Some("cancel")), &[]),
        (("waiting", None, false, 0, None), &["retry", "skip", "pause", "cancel"]),
        (("paused", None, false, 0, None), &["resume", "cancel"]),
        parked("attempts_spent", &["retry", "skip", "cancel"]),
        parked("rejected", &["retry", "skip", "cancel"]),
        parked("bug", &["retry", "skip", "cancel"]),
        parked("undecodable", &["retry", "skip", "cancel"]),
        parked("going_in_circles", &["retry", "skip", "cancel"]),
        parked("outcome_unknown", &["resolve", "retry", "skip", "cancel"]),
        parked("approval", &["approve", "refuse", "cancel"]),
    ];
    for (standing_as, legal) in standings {
        for asked in asks() {
            let id = standing(&pool, standing_as).await;
            let before = whole(&pool, id).await;
            let name: &'static str = asked.act().into();
            let acted = ask(&pool, id, asked).await;
            let what = format!("{name} on {standing_as:?}");
            if legal.contains(&name) {
                let wanted = if standing_as.2 { Acted::Asked } else { Acted::Done };
                assert_eq!(acted, wanted, "{what}");
                let noted: (String, String, Value, Value) =
                    sqlx::query_as("select act, person, before, after from enlace.act where run_id = $1")
                        .bind(id)
                        .fetch_one(&pool)
                        .await
                        .unwrap();
                assert_eq!((noted.0.as_str(), noted.1.as_str()), (name, "ana"), "{what}");
                assert!(noted.2["status"].is_string() && noted.3["status"].is_string(), "{what}: {noted:?}");
            } else {
                let Acted::NotNow { legal: offered, .. } = acted else { panic!("{what}: {acted:?}") };
                assert_eq!(offered, legal, "{what}");
                assert_eq!(whole(&pool, id).await, before, "{what} changed something");
            }
        }
    }
    let id = standing(&pool, ("queued", None, false, 0, None)).await;
    plain(&pool, id, Act::Cancel).await;
    for asked in asks() {
        let wanted = Acted::NotNow { status: "cancelled".to_owned(), legal: vec![] };
        assert_eq!(ask(&pool, id, asked.clone()).await, wanted, "{asked:?}");
        assert_eq!(ask(&pool, Uuid::nil(), asked).await, Acted::Unknown);
    }
}

#[tokio::test]
async fn g3_a_look_that_cannot_settle_a_write_asks_whether_it_was_done_and_both_answers_lead_on() {
    let db = toy::db().await;
    let pool = db.pool();
    let ledger = Arc::new(Ledger::default());
    let worker = toy::start(&db, &ledger);
    for done in [true, false] {
        let id = enqueue(&pool, &[], &["ok", "write unknown blind", "ok"]).await;
        reaches(&pool, id, "parked").await;
        let tried = outcomes(&pool, id).await;
        assert_eq!(tried[..2], ["done", "unknown"], "recorded as unknown before anything else: {tried:?}");
        let (_, state, why) = status(&pool, id).await;
        assert_eq!(state.as_deref(), Some("looking"));
        assert!(why.contains("was this done or not: write?"), "{why}");
        ledger.see();
        assert_eq!(ask(&pool, id, Ask::Resolve { done }).await, Acted::Done);
        reaches(&pool, id, "succeeded").await;
        let did: Vec<String> = ledger.of(id).into_iter().filter(|(step, _)| *step == 1).map(|(_, what)| what).collect();
        let writes = did.iter().filter(|what| what.starts_with("unknown")).count();
        assert_eq!(writes, if done { 1 } else { 2 }, "done: looked at again; not done: written once more: {did:?}");
        ledger.blind();
    }
    worker.stop().await;
}

#[tokio::test]
async fn g12_a_pause_of_a_running_workflow_is_honoured_between_two_steps_and_keeps_its_place() {
    let db = toy::db().await;
    let pool = db.pool();
    let ledger = Arc::new(Ledger::default());
    let head = enqueue(&pool, &["a"], &["hold", "ok"]).await;
    let follower = enqueue(&pool, &["a"], &["ok"]).await;
    let worker = toy::start(&db, &ledger);
    reaches(&pool, head, "running").await;
    while ledger.of(head).is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(plain(&pool, head, Act::Pause).await, Acted::Asked);
    let (_, _, why) = status(&pool, head).await;
    assert!(why.contains("ana asked to pause it (the cable was mended)"), "{why}");
    tokio::time::sleep(Duration::from_millis(1500)).await; // a worker reads what is asked once a second
    ledger.let_go.notify_one();
    reaches(&pool, head, "paused").await;
    let (_, _, why) = status(&pool, head).await;
    assert!(why.starts_with("paused by ana since ") && why.ends_with(": the cable was mended"), "{why}");
    assert_eq!(status(&pool, follower).await.0, "waiting");
    assert_eq!(ledger.of(head).len(), 1, "the second step has not begun");
    assert_eq!(plain(&pool, head, Act::Resume).await, Acted::Done);
    reaches(&pool, follower, "succeeded").await;
    assert_eq!(ledger.order(), [head, follower]);
    worker.stop().await;
}

#[tokio::test]
async fn g12_a_pause_neither_loses_nor_hastens_the_time_at_which_it_is_due() {
    let db = toy::db().await;
    let pool = db.pool();
    let id = standing(&pool, ("waiting", None, false, 0, None)).await;
    let due = "select due_at::text from enlace.run where id = $1";
    let before: String = sqlx::query_scalar(due).bind(id).fetch_one(&pool).await.unwrap();
    plain(&pool, id, Act::Pause).await;
    pass(&pool, Duration::from_secs(60)).await;
    plain(&pool, id, Act::Resume).await;
    let after: (String, String) = sqlx::query_as("select due_at::text, status from enlace.run where id = $1")
        .bind(id)
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(after, (before, "waiting".to_owned()));
}

#[tokio::test]
async fn g12_a_cancel_that_meets_a_workflow_being_given_back_is_not_forgotten() {
    let db = toy::db().await;
    let pool = db.pool();
    let ledger = Arc::new(Ledger::default());
    let id = enqueue(&pool, &["a"], &["hold reject"]).await;
    let follower = enqueue(&pool, &["a"], &["ok"]).await;
    let worker = toy::start(&db, &ledger);
    while ledger.of(id).is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(plain(&pool, id, Act::Cancel).await, Acted::Asked);
    ledger.let_go.notify_one(); // it fails for good before the worker has read what is asked
    reaches(&pool, id, "cancelled").await;
    reaches(&pool, follower, "succeeded").await;
    worker.stop().await;
}

/// The look comes first: nobody would know any more that there is something to look for.
#[tokio::test]
async fn g3_g12_a_pause_asked_for_in_the_middle_of_a_write_whose_worker_dies_forgets_nothing() {
    let db = toy::db().await;
    let pool = db.pool();
    let (dead, other) = (Arc::new(Ledger::default()), Arc::new(Ledger::default()));
    let id = enqueue(&pool, &[], &["ok", "write hold", "ok"]).await;
    let worker = toy::start(&db, &dead);
    dead.begins(id, 2).await;
    assert_eq!(plain(&pool, id, Act::Pause).await, Acted::Asked);
    worker.kill().await;
    pass(&pool, Duration::from_secs(9)).await;
    let taker = toy::start(&db, &other);
    reaches(&pool, id, "paused").await;
    assert_eq!(plain(&pool, id, Act::Resume).await, Acted::Done);
    reaches(&pool, id, "succeeded").await;
    let did: Vec<_> = other.of(id).into_iter().map(|(_, what)| what).collect();
    assert_eq!(did, ["look", "ok"], "{:?}", outcomes(&pool, id).await);
    taker.stop().await;
}

#[tokio::test]
async fn g3_g12_what_is_being_settled_is_not_begun_anew_with_another_payload() {
    let db = toy::db().await;
    let pool = db.pool();
    let id = enqueue(&pool, &[], &["ok", "write unknown blind"]).await;
    let worker = toy::start(&db, &Arc::default());
    reaches(&pool, id, "parked").await;
    worker.stop().await;
    let edited = || Ask::Retry { payload: Some(json!({ "plan": ["ok"] })) };
    let parked = Acted::NotNow { status: "parked".to_owned(), legal: vec!["resolve", "skip", "cancel"] };
    assert_eq!(ask(&pool, id, edited()).await, parked);
    let waits = "update enlace.run set status = 'waiting', parked = null, due_at = enlace.now() + interval '1 hour'";
    sqlx::query(waits).execute(&pool).await.unwrap();
    let waiting = Acted::NotNow { status: "waiting".to_owned(), legal: vec!["skip", "pause", "cancel"] };
    assert_eq!(ask(&pool, id, edited()).await, waiting, "the look is to be made once more");
}

#[tokio::test]
async fn g12_an_edited_payload_begins_anew_joins_the_end_of_its_new_keys_and_keeps_what_was() {
    let db = toy::db().await;
    let pool = db.pool();
    let ledger = Arc::new(Ledger::default());
    let wrong = enqueue(&pool, &["a"], &["ok", "reject"]).await;
    let behind = enqueue(&pool, &["a"], &["ok"]).await;
    let worker = toy::start(&db, &ledger);
    reaches(&pool, wrong, "parked").await;
    let ahead = enqueue(&pool, &["b"], &["hold"]).await;
    reaches(&pool, ahead, "running").await;
    let payload = json!({ "keys": ["b"], "plan": ["ok"] });
    assert_eq!(ask(&pool, wrong, Ask::Retry { payload: Some(payload.clone()) }).await, Acted::Done);
    reaches(&pool, behind, "succeeded").await;
    assert_eq!(status(&pool, wrong).await.0, "waiting", "behind the one that was there before");
    let last = enqueue(&pool, &["b"], &["ok"]).await;
    reaches(&pool, last, "waiting").await;
    ledger.let_go.notify_one();
    reaches(&pool, last, "succeeded").await;
    reaches(&pool, wrong, "succeeded").await;
    assert_eq!(outcomes(&pool, wrong).await, ["done", "failed", "done", "done"], "the old attempts stay");
    let shown: (Value, Value, Value) = sqlx::query_as(
        "select w.payload, w.original, o.payload from enlace.workflow w join enlace.outbox o using (id) where w.id = $1",
    )
    .bind(wrong)
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(shown.0, payload);
    assert_eq!((&shown.1["plan"], &shown.2["plan"]), (&json!(["ok", "reject"]), &json!(["ok", "reject"])));
    let keys_left: i64 = sqlx::query_scalar("select count(*) from enlace.run_key").fetch_one(&pool).await.unwrap();
    assert_eq!(keys_left, 0);
    let order: Vec<Uuid> = ledger.order().into_iter().filter(|id| [ahead, last].contains(id)).collect();
    assert_eq!(order, [ahead, last]);
    worker.stop().await;
}

#[tokio::test]
async fn g12_a_skipped_workflow_ends_as_its_operation_says_and_says_who_decided() {
    let db = toy::db().await;
    let pool = db.pool();
    let id = enqueue(&pool, &[], &["reject"]).await;
    let worker = toy::start(&db, &Arc::default());
    reaches(&pool, id, "parked").await;
    worker.stop().await;
    assert_eq!(plain(&pool, id, Act::Skip).await, Acted::Done);
    let (_, state, why) = status(&pool, id).await;
    assert_eq!(state.as_deref(), Some("waived"));
    assert!(why.starts_with("queued by a person's decision (ana: the cable was mended)"), "{why}");
    let worker = toy::start(&db, &Arc::default());
    reaches(&pool, id, "not_applicable").await;
    worker.stop().await;
}
