//! All that can go wrong before a handler is reached: always a problem document.

use enlace::tokens::{self, Role};
use reqwest::Method;
use serde_json::json;

use super::{Api, answer};

#[tokio::test]
async fn no_token_no_answer_whatever_is_asked() {
    let api = Api::start().await;
    for path in ["/workflows", "/openapi.json", "/nowhere"] {
        let refused = answer(api.request(Method::GET, path)).await.refused(401, "unauthenticated", None);
        assert_eq!(refused.headers["www-authenticate"], "Bearer realm=\"enlace\"");
    }
    for header in ["", "Bearer", "Bearer x", "Basic eDp5", "Bearer enlace_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]
    {
        let request = api.request(Method::GET, "/workflows").header("authorization", header);
        answer(request).await.refused(401, "unauthenticated", None);
    }
}

#[tokio::test]
async fn a_token_that_was_taken_back_is_none() {
    let api = Api::start().await;
    let id = tokens::list(&api.db.pool()).await.unwrap().into_iter().find(|t| t.role == Role::Viewer).unwrap().id;
    api.call(Role::Viewer, Method::GET, "/workflows", None).await.expect(200);
    tokens::revoke(&api.db.pool(), id).await.unwrap();
    api.call(Role::Viewer, Method::GET, "/workflows", None).await.refused(401, "unauthenticated", None);
}

#[tokio::test]
async fn what_is_not_there_and_what_is_not_taken_are_told_apart() {
    let api = Api::start().await;
    api.get("/nowhere").await.refused(404, "not-found", None);
    api.get("/").await.refused(404, "not-found", None);
    let refused =
        api.call(Role::Admin, Method::DELETE, "/workflows", None).await.refused(405, "method-not-allowed", None);
    assert!(refused.headers.contains_key("allow"));
    for path in ["/workflows/12", "/workflows/not-a-uuid", "/integrations/x", "/integrations/0", "/schedules/-1"] {
        api.get(path).await.refused(400, "malformed", Some("id"));
    }
    for path in
        ["/workflows/00000000-0000-0000-0000-000000000000", "/integrations/7", "/schedules/7", "/upstreams/mars"]
    {
        api.get(path).await.refused(404, "not-found", None);
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_said_to_be_so() {
    let api = Api::start().await;
    let post = async |kind: &str, body: &str| {
        let request = api.request(Method::POST, "/workflows").bearer_auth(api.token(Role::Admin));
        answer(request.header("content-type", kind).body(body.to_owned())).await
    };
    let json = "application/json";
    post(json, "{\"kind\":").await.refused(400, "malformed", None);
    post(json, "").await.refused(422, "invalid", Some("kind"));
    post(json, "[]").await.refused(400, "malformed", None);
    post(json, "\u{feff}{}").await.refused(400, "malformed", None);
    post("text/plain", "{}").await.refused(415, "unsupported-media-type", None);
    post("application/x-www-form-urlencoded", "kind=bind").await.refused(415, "unsupported-media-type", None);
    post(json, &format!("{{\"kind\":\"{}\"}}", "x".repeat(300_000))).await.refused(413, "too-large", None);
    let deep = format!("{{\"kind\":\"bind\",\"payload\":{}1{}}}", "[".repeat(20_000), "]".repeat(20_000));
    post(json, &deep).await.refused(400, "malformed", None);
}

#[tokio::test]
async fn a_large_body_within_the_limit_is_read() {
    let api = Api::start().await;
    let body = json!({ "kind": "bind", "payload": { "x": "y".repeat(200_000) } });
    api.post("/workflows", body).await.refused(422, "invalid", Some("id_porta_atendimento"));
}

#[tokio::test]
async fn every_answer_bears_a_request_id() {
    let api = Api::start().await;
    assert!(!api.get("/workflows").await.headers["x-request-id"].is_empty());
    assert!(!answer(api.request(Method::GET, "/workflows")).await.headers["x-request-id"].is_empty());
}

#[tokio::test]
async fn while_the_database_is_away_callers_are_told_to_come_back() {
    let api = Api::start().await;
    api.db.pool().close().await;
    let refused = api.get("/workflows").await.refused(503, "unavailable", None);
    assert_eq!(refused.headers["retry-after"], "2");
    assert!(!refused.detail().contains("pool"), "{}", refused.detail());
}
