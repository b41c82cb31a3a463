//! Health and metrics, which need no token.

use std::sync::Arc;

use enlace::api::{OpsState, ops_router};
use serde_json::json;
use sqlx::PgPool;

use super::{Answer, Api, answer, client, serve, stands};
use crate::support::Db;

async fn ops(pool: PgPool, reason: Option<&'static str>) -> String {
    let check: enlace::api::ops::Check = Arc::new(move || reason.map(str::to_owned));
    serve(ops_router(OpsState { pool, checks: vec![check], counted: None })).await
}

async fn get(base: &str, path: &str) -> Answer {
    answer(client().get(format!("{base}{path}"))).await
}

#[tokio::test]
async fn ready_means_reachable_migrated_and_holding_the_lease() {
    let db = Db::new().await;
    let well = ops(db.pool(), None).await;
    assert_eq!(get(&well, "/readyz").await.expect(200).body, json!({ "ready": true, "reasons": [] }));
    let lost = ops(db.pool(), Some("the worker lost its lease")).await;
    assert_eq!(get(&lost, "/readyz").await.expect(503).body["reasons"], json!(["the worker lost its lease"]));
    let empty = Db::empty().await;
    let behind = ops(empty.pool(), None).await;
    let reasons = get(&behind, "/readyz").await.expect(503).body["reasons"].to_string();
    assert!(reasons.contains("0001_enlace"), "{reasons}");
}

#[tokio::test]
async fn g11_without_a_database_the_process_lives_and_says_why_it_is_not_ready() {
    let db = Db::new().await;
    let base = ops(db.pool(), None).await;
    db.pool().close().await;
    get(&base, "/healthz").await.expect(200);
    assert_eq!(get(&base, "/readyz").await.expect(503).body["reasons"], json!(["the database cannot be reached"]));
    let text = get(&base, "/metrics").await.expect(200).body;
    assert!(text.as_str().unwrap().contains("enlace_database_up 0"), "{text}");
    get(&base, "/").await.refused(404, "not-found", None);
}

#[tokio::test]
async fn metrics_count_what_is_unfinished_late_and_closed() {
    let api = Api::start().await;
    let integration = api.integration().await;
    let parked = api.bind(1, 2).await;
    stands(&api.db.pool(), parked, "parked").await;
    api.bind(3, 4).await;
    let close = json!({ "closed_until": "infinity", "reason": "x" });
    api.patch(&format!("/upstreams/integration:{integration}"), close).await.expect(200);
    let base = ops(api.db.pool(), None).await;
    let answer = get(&base, "/metrics").await.expect(200);
    assert!(answer.headers["content-type"].to_str().unwrap().starts_with("text/plain"));
    let text = answer.body.as_str().unwrap();
    for line in [
        "enlace_workflows_unfinished{kind=\"bind\",status=\"parked\"} 1".to_owned(),
        "enlace_outbox_not_taken_in 1".to_owned(),
        format!("enlace_upstream_closed{{upstream=\"integration:{integration}\"}} 1"),
        "enlace_database_up 1".to_owned(),
        "enlace_workers_alive 0".to_owned(),
    ] {
        assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
    }
    assert!(text.contains("enlace_outbox_oldest_not_taken_in_seconds 0."), "{text}");
    api.post(&format!("/integrations/{integration}/inactivate"), json!({ "reason": "x" })).await.expect(200);
    let answer = get(&base, "/metrics").await.expect(200);
    for line in [("closed", 0), ("state", 3)]
        .map(|(what, is)| format!("enlace_upstream_{what}{{upstream=\"integration:{integration}\"}} {is}"))
    {
        assert!(answer.body.as_str().unwrap().lines().any(|l| l == line), "nobody is asked for: {line}");
    }
}
