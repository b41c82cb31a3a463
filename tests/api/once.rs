//! `Idempotency-Key` on all that starts something: sent again, it is not done again, and is answered the same.

use std::time::Duration;

use engine::leader::{self, Candidate};
use enlace::{desk::forget, tokens::Role};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Api, answer, geogrid};
use crate::support::toy::pass;

async fn keyed(api: &Api, role: Role, path: &str, key: &str, body: Value) -> Answer {
    let request = api.request(Method::POST, path).bearer_auth(api.token(role));
    answer(request.header("Idempotency-Key", key).json(&body)).await
}

async fn count(api: &Api, table: &str) -> i64 {
    let sql = format!("select count(*) from {table}");
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&api.db.pool()).await.unwrap()
}

#[tokio::test]
async fn whatever_is_started_under_a_key_is_started_once_and_answered_the_same() {
    let api = Api::start().await;
    let created = keyed(&api, Role::Admin, "/integrations", "a", geogrid()).await.expect(201);
    let again = keyed(&api, Role::Admin, "/integrations", "a", geogrid()).await.expect(201);
    assert_eq!((&again.body, &again.headers["location"]), (&created.body, &created.headers["location"]));
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(count(&api, "mapping.integration").await, 1);
    assert!(!created.headers.contains_key("idempotency-replayed"));

    let mut other = geogrid();
    other["name"] = json!("GeoGrid Norte");
    keyed(&api, Role::Admin, "/integrations", "a", other.clone()).await.refused(
        422,
        "invalid",
        Some("Idempotency-Key"),
    );
    // What is refused leaves its key free.
    keyed(&api, Role::Admin, "/integrations", "b", json!({ "platform": "marte" })).await;
    keyed(&api, Role::Admin, "/integrations", "b", other).await.expect(201);
    keyed(&api, Role::Admin, "/integrations", &"k".repeat(141), geogrid()).await.refused(
        422,
        "invalid",
        Some("Idempotency-Key"),
    );

    let act = json!({ "action": "retry", "filter": { "status": "parked" }, "reason": "OZMap consertado" });
    let begun = keyed(&api, Role::Operator, "/acts", "a", act.clone()).await.expect(202);
    assert_eq!(keyed(&api, Role::Operator, "/acts", "a", act.clone()).await.expect(202).id(), begun.id());
    assert_ne!(
        keyed(&api, Role::Admin, "/acts", "c", act.clone()).await.expect(202).id(),
        begun.id(),
        "another token's key"
    );
    assert_eq!(count(&api, "enlace.bulk_act").await, 2);
    // A preview stores nothing and is asked anew.
    let mut preview = act;
    preview["preview"] = json!(true);
    for _ in 0..2 {
        let shown = keyed(&api, Role::Operator, "/acts", "p", preview.clone()).await.expect(200);
        assert!(!shown.headers.contains_key("idempotency-replayed"));
    }

    let schedule = api.get("/schedules").await.expect(200).body["items"][0]["id"].clone();
    let path = format!("/schedules/{schedule}/run");
    let ran = keyed(&api, Role::Operator, &path, "r", Value::Null).await;
    let ran = if ran.status == 202 { ran } else { keyed(&api, Role::Operator, &path, "r", json!({})).await };
    let again = keyed(&api, Role::Operator, &path, "r", json!({})).await;
    assert_eq!((again.status, &again.body), (ran.status, &ran.body));
}

#[tokio::test]
async fn a_key_without_an_answer_is_said_to_be_so_and_goes_after_a_day() {
    let api = Api::start().await;
    let pool = api.db.pool();
    let ask = async || keyed(&api, Role::Admin, "/integrations", "a", geogrid()).await;
    ask().await.expect(201);
    // As if its process had died before it could answer.
    sqlx::query("update enlace.request set status = null, body = null").execute(&pool).await.unwrap();
    let refused = ask().await.refused(409, "not-now", None);
    assert!(refused.detail().contains("under way"), "{}", refused.detail());
    pass(&pool, Duration::from_secs(120)).await;
    let refused = ask().await.refused(409, "not-now", None);
    assert!(refused.detail().contains("never answered"), "{}", refused.detail());
    assert_eq!(count(&api, "mapping.integration").await, 1, "nothing is done twice");

    pass(&pool, Duration::from_secs(86_400)).await;
    let candidate = Candidate { duty: forget::DUTY, name: "test".to_owned(), lease: Duration::from_secs(100_000) };
    let term = leader::take(&pool, &candidate).await.unwrap().unwrap();
    forget::look(&pool, term, 90).await.unwrap();
    assert_eq!(count(&api, "enlace.request").await, 0);
}

#[tokio::test]
async fn a_token_that_asks_too_often_is_told_when_to_come_back_and_others_are_not() {
    let api = Api::limited(1, 2).await;
    let ask = |role| api.request(Method::GET, "/schedules").bearer_auth(api.token(role)).send();
    let asked = futures_util::future::join_all((0..20).map(|_| ask(Role::Viewer))).await;
    let limited = asked.into_iter().map(Result::unwrap).find(|one| one.status() == 429).unwrap();
    let seconds: u64 = limited.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=3).contains(&seconds), "{seconds}");
    let body: Value = limited.json().await.unwrap();
    assert_eq!(body["type"], "urn:enlace:problem:too-many-requests");
    assert!(body["detail_pt"].as_str().unwrap().contains("1 vezes por segundo"), "{body}");
    assert_eq!(ask(Role::Admin).await.unwrap().status(), 200, "another token");
    // The document is not counted.
    for _ in 0..5 {
        api.call(Role::Viewer, Method::GET, "/openapi.json", None).await.expect(200);
    }
}
