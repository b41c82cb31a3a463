//! Acts on many and the audit over HTTP (G12). No worker runs: the leader's batches are done here, one by one.

use std::{collections::BTreeSet, time::Duration};

use engine::leader::{self, Candidate, Term};
use enlace::{desk::bulk::drive, tokens::Role};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use super::{Api, ended, stands};
use crate::support::toy::pass;

async fn leads(pool: &PgPool) -> Term {
    let candidate = Candidate { duty: drive::DUTY, name: "test".to_owned(), lease: Duration::from_secs(100_000) };
    leader::take(pool, &candidate).await.unwrap().unwrap()
}

/// Does batches until none is left, moving time to where the pace allows the next one; how many there were.
async fn drive_all(pool: &PgPool, term: Term) -> usize {
    let mut batches = 0;
    while let Some(wait) = drive::batch(pool, term).await.unwrap() {
        match wait.is_zero() {
            true => batches += 1,
            false => pass(pool, wait + Duration::from_millis(5)).await,
        }
        assert!(batches < 1000);
    }
    batches
}

/// Binds that are parked; their ids, oldest first.
async fn parked(api: &Api, count: i64) -> Vec<Uuid> {
    let mut ids = Vec::new();
    for n in 1..=count {
        let id = api.bind(n, n).await;
        stands(&api.db.pool(), id, "parked").await;
        ids.push(id);
    }
    ids
}

fn retry(more: Value) -> Value {
    let mut body = json!({ "action": "retry", "filter": { "status": "parked" }, "reason": "OZMap consertado" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

async fn acts_on(pool: &PgPool, bulk: Uuid) -> Vec<(Uuid, i64)> {
    let sql = "select run_id, count(*) from enlace.act where bulk = $1 and run_id is not null group by run_id";
    sqlx::query_as(sql).bind(bulk).fetch_all(pool).await.unwrap()
}

async fn count(pool: &PgPool, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn g12_a_preview_says_what_an_act_on_many_would_do_and_stores_nothing() {
    let api = Api::start().await;
    let pool = api.db.pool();
    parked(&api, 3).await;
    stands(&pool, api.bind(8, 8).await, "queued").await;
    ended(&pool, api.bind(9, 9).await, "succeeded", json!({})).await;
    let body = retry(json!({ "filter": { "kind": "bind" }, "preview": true }));
    let preview = api.call(Role::Operator, Method::POST, "/acts", Some(body)).await.expect(200).body;
    assert_eq!((&preview["matching"], &preview["possible"]), (&json!(4), &json!(3)));
    assert_eq!(
        preview["by_status"],
        json!([{ "status": "parked", "matching": 3, "possible": 3 }, { "status": "queued", "matching": 1, "possible": 0 }])
    );
    assert_eq!(preview["sample"].as_array().unwrap().len(), 4);
    assert_eq!(
        count(&pool, "select (select count(*) from enlace.act) + (select count(*) from enlace.bulk_act)").await,
        0
    );
    assert_eq!(count(&pool, "select count(*) from enlace.run where status = 'parked'").await, 3);
}

#[tokio::test]
async fn g12_an_act_on_many_is_done_to_all_that_match_once_and_says_how_far_it_is() {
    let api = Api::start().await;
    let pool = api.db.pool();
    let ids = parked(&api, 30).await;
    let begun = api.post("/acts", retry(json!({ "pace": 40 }))).await.expect(202);
    let id = begun.id();
    assert_eq!(begun.headers["location"], format!("/api/v1/acts/{id}"));
    assert_eq!((&begun.body["total"], &begun.body["status"]), (&json!(30), &json!("running")));
    // What comes later is not meant; what was mended meanwhile is left alone.
    let late = api.bind(99, 99).await;
    stands(&pool, late, "parked").await;
    api.post(&format!("/workflows/{}/cancel", ids[0]), json!({ "reason": "x" })).await.expect(200);
    let term = leads(&pool).await;
    assert_eq!(drive::batch(&pool, term).await.unwrap(), Some(Duration::ZERO));
    let shown = api.call(Role::Viewer, Method::GET, &format!("/acts/{id}"), None).await.expect(200).body;
    assert_eq!((&shown["act"], &shown["progress"]["done"]), (&json!("bulk.retry"), &json!(10)));
    let wait = drive::batch(&pool, term).await.unwrap().unwrap();
    assert!(wait <= Duration::from_millis(250), "10 at 40 a second: {wait:?}");
    drive_all(&pool, term).await;
    let shown = api.get(&format!("/acts/{id}")).await.expect(200).body["progress"].clone();
    assert_eq!((&shown["status"], &shown["done"], &shown["failed"]), (&json!("done"), &json!(29), &json!(0)));
    assert!(shown["ended_at"].is_string());
    let done = acts_on(&pool, id).await;
    assert!(done.iter().all(|(_, times)| *times == 1));
    assert_eq!(done.iter().map(|(id, _)| *id).collect::<BTreeSet<_>>(), ids[1..].iter().copied().collect());
    assert_eq!(api.get(&format!("/workflows/{late}")).await.body["status"], "parked");
    assert_eq!(api.get(&format!("/workflows/{}", ids[1])).await.body["acts"][0]["reason"], "OZMap consertado");
}

#[tokio::test]
async fn g12_an_act_on_many_keeps_its_pace() {
    let api = Api::start().await;
    let pool = api.db.pool();
    parked(&api, 9).await;
    api.post("/acts", retry(json!({ "pace": 4 }))).await.expect(202);
    let term = leads(&pool).await;
    let mut waited = Duration::ZERO;
    while let Some(wait) = drive::batch(&pool, term).await.unwrap() {
        waited += wait;
        pass(&pool, wait + Duration::from_millis(1)).await;
    }
    // Each of nine keeps the next one back for a quarter of a second; what the test itself took goes off the clock.
    assert!(waited > Duration::from_millis(900) && waited <= Duration::from_millis(2250), "{waited:?}");
}

#[tokio::test]
async fn g12_two_that_believe_to_lead_do_nothing_twice_and_a_former_leader_does_nothing() {
    let api = Api::start().await;
    let pool = api.db.pool();
    parked(&api, 40).await;
    let id = api.post("/acts", retry(json!({ "pace": 1000 }))).await.expect(202).id();
    let term = leads(&pool).await;
    let former = Term { number: term.number - 1, ..term };
    assert!(matches!(drive::batch(&pool, former).await, Err(engine::Error::LeaseLost)));
    assert!(acts_on(&pool, id).await.is_empty());
    tokio::join!(drive_all(&pool, term), drive_all(&pool, term), drive_all(&pool, term));
    let done = acts_on(&pool, id).await;
    assert_eq!(done.len(), 40);
    assert!(done.iter().all(|(_, times)| *times == 1), "{done:?}");
    assert_eq!(api.get(&format!("/acts/{id}")).await.body["progress"]["done"], 40);
}

#[tokio::test]
async fn g12_an_act_on_many_is_paused_resumed_and_called_off_with_a_reason() {
    let api = Api::start().await;
    let pool = api.db.pool();
    parked(&api, 20).await;
    let id = api.post("/acts", retry(json!({}))).await.expect(202).id();
    let term = leads(&pool).await;
    drive::batch(&pool, term).await.unwrap();
    let steer = async |what: &str| api.post(&format!("/acts/{id}/{what}"), json!({ "reason": "OZMap caiu" })).await;
    assert_eq!(steer("pause").await.expect(200).body["status"], "paused");
    assert_eq!(drive::batch(&pool, term).await.unwrap(), None);
    let refused = steer("pause").await.refused(409, "not-now", None);
    assert_eq!(refused.body["legal"], json!(["resume", "cancel"]));
    assert_eq!(steer("resume").await.expect(200).body["status"], "running");
    drive::batch(&pool, term).await.unwrap();
    assert_eq!(acts_on(&pool, id).await.len(), 10);
    let off = steer("cancel").await.expect(200).body;
    assert_eq!((&off["status"], &off["done"]), (&json!("cancelled"), &json!(10)));
    assert_eq!(drive::batch(&pool, term).await.unwrap(), None);
    assert_eq!(steer("resume").await.refused(409, "not-now", None).body["legal"], json!([]));
    let audit = api.get(&format!("/acts?bulk={id}&limit=3")).await.expect(200).body;
    let said: Vec<&str> = audit["items"].as_array().unwrap().iter().map(|a| a["act"].as_str().unwrap()).collect();
    assert_eq!((said[0], audit["items"][0]["reason"].as_str()), ("bulk.cancel", Some("OZMap caiu")));
    api.post(&format!("/acts/{id}/dance"), json!({ "reason": "x" })).await.refused(404, "not-found", None);
    api.post(&format!("/acts/{}/pause", Uuid::nil()), json!({ "reason": "x" })).await.refused(404, "not-found", None);
}

#[tokio::test]
async fn g12_what_an_act_on_many_cannot_take_is_named_and_nothing_is_stored() {
    let api = Api::start().await;
    for (more, field) in [
        (json!({ "action": "dance" }), "action"),
        (json!({ "reason": " " }), "reason"),
        (json!({ "filter": {} }), "filter"),
        (json!({ "filter": { "status": "succeeded" } }), "filter.status"),
        (json!({ "filter": { "kind": "dance" } }), "filter.kind"),
        (json!({ "filter": { "port": "x" } }), "filter.port"),
        (json!({ "filter": { "limit": 5 } }), "filter.limit"),
        (json!({ "filter": { "port": [1] } }), "filter.port"),
        (json!({ "pace": 0 }), "pace"),
        (json!({ "pace": 1001 }), "pace"),
        (json!({ "outcome": "done" }), "outcome"),
        (json!({ "action": "resolve" }), "outcome"),
        (json!({ "payload": {} }), "payload"),
    ] {
        api.post("/acts", retry(more)).await.refused(422, "invalid", Some(field));
    }
    let stored = "select (select count(*) from enlace.act) + (select count(*) from enlace.bulk_act)";
    assert_eq!(count(&api.db.pool(), stored).await, 0);
    let one = api.post("/acts", retry(json!({ "filter": { "port": 7 } }))).await.expect(202).body;
    assert_eq!((&one["filter"], &one["total"]), (&json!({ "port": "7" }), &json!(0)));
}

#[tokio::test]
async fn g12_the_audit_is_paged_newest_first_and_narrowed_down() {
    let api = Api::start().await;
    let ids = parked(&api, 5).await;
    for id in &ids {
        api.post(&format!("/workflows/{id}/retry"), json!({ "reason": "de novo" })).await.expect(200);
    }
    let off = json!({ "reason": "cliente desistiu" });
    api.call(Role::Operator, Method::POST, &format!("/workflows/{}/cancel", ids[0]), Some(off)).await.expect(200);
    let (mut seen, mut path) = (Vec::new(), "/acts?limit=4".to_owned());
    loop {
        let page = api.get(&path).await.expect(200);
        seen.extend(page.body["items"].as_array().unwrap().clone());
        let Some(next) = page.body["next"].as_str() else { break };
        path = format!("/acts?limit=4&after={next}");
    }
    let whom: BTreeSet<String> = seen.iter().map(|act| act["id"].to_string()).collect();
    assert_eq!((seen.len(), whom.len()), (6, 6));
    let keys: Vec<&str> = seen.iter().map(|act| act["id"].as_str().unwrap()).collect();
    assert!(keys.is_sorted_by(|a, b| a > b));
    for (query, matching) in [
        ("person=operator", 1),
        ("person=admin&act=retry", 5),
        (&format!("workflow={}", ids[0]), 2),
        ("until=2020-01-01T00:00:00Z", 0),
        ("since=2020-01-01T00:00:00Z", 6),
    ] {
        let found = api.get(&format!("/acts?{query}")).await.expect(200).ids();
        assert_eq!(found.len(), matching, "{query}");
    }
    let one = api.get(&format!("/acts?workflow={}&act=cancel", ids[0])).await.body["items"][0].clone();
    let shown = api.get(&format!("/acts/{}", one["id"].as_str().unwrap())).await.expect(200).body;
    assert_eq!((&shown["reason"], &shown["progress"]), (&json!("cliente desistiu"), &Value::Null));
    assert_eq!(shown["after"]["status"], "cancelled");
    api.get("/acts?workflow=7").await.refused(422, "invalid", Some("workflow"));
    api.get("/acts?after=AAAA").await.refused(422, "invalid", Some("after"));
    api.get(&format!("/acts/{}", Uuid::nil())).await.refused(404, "not-found", None);
}

#[tokio::test]
async fn p1_who_may_not_see_people_does_not_see_the_name_that_an_act_on_many_was_for() {
    let api = Api::start().await;
    let body = retry(json!({ "filter": { "q": "Souza" } }));
    let id = api.post("/acts", body).await.expect(202).id();
    for (role, q) in [(Role::Viewer, "S•••"), (Role::Admin, "Souza")] {
        let shown = api.call(role, Method::GET, &format!("/acts/{id}"), None).await.expect(200).body;
        assert_eq!((&shown["before"]["filter"]["q"], &shown["progress"]["filter"]["q"]), (&json!(q), &json!(q)));
    }
}

#[tokio::test]
async fn g12_an_act_on_what_was_started_a_moment_ago_waits_for_a_worker_to_take_it_in() {
    let api = Api::start().await;
    let id = api.bind(1, 2).await;
    let (path, reason) = (format!("/workflows/{id}/cancel"), json!({ "reason": "engano" }));
    let nobody = api.post(&path, reason.clone()).await.refused(409, "not-now", None);
    assert!(nobody.body["detail"].as_str().unwrap().starts_with("no worker has taken it in yet"), "{}", nobody.body);
    let pool = api.db.pool();
    let taken_in = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        stands(&pool, id, "queued").await;
    };
    let (cancelled, ()) = tokio::join!(api.post(&path, reason), taken_in);
    assert_eq!(cancelled.expect(200).body["status"], "cancelled");
}
