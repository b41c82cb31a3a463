//! Schedules over HTTP (G9).

use std::time::Duration;

use serde_json::json;

use super::Api;
use crate::support::toy::pass;

async fn schedule(api: &Api) -> (i64, String) {
    api.integration().await;
    let id = api.get("/schedules").await.expect(200).body["items"][0]["id"].as_i64().unwrap();
    (id, format!("/schedules/{id}"))
}

#[tokio::test]
async fn g9_a_schedule_is_paused_with_a_note_and_goes_on() {
    let api = Api::start().await;
    let (id, path) = schedule(&api).await;
    let paused = api.patch(&path, json!({ "active": false, "note": "até a migração" })).await.expect(200).body;
    assert_eq!(
        (&paused["active"], &paused["note"], &paused["next_at"]),
        (&json!(false), &json!("até a migração"), &json!(null))
    );
    let body = json!({ "id": id, "active": true, "note": "" });
    let resumed = api.patch("/schedules", body).await.expect(200).body;
    assert_eq!((&resumed["active"], &resumed["note"]), (&json!(true), &json!(null)));
    assert!(resumed["next_at"].as_str().unwrap().contains("T07:00:00"));
    let moved = api.patch(&path, json!({ "pattern": "30 2 * * *", "zone": "UTC" })).await.expect(200).body;
    assert!(moved["next_at"].as_str().unwrap().contains("T02:30:00"));
}

#[tokio::test]
async fn g9_a_pattern_or_zone_that_cannot_be_is_named_and_changes_nothing() {
    let api = Api::start().await;
    let (_, path) = schedule(&api).await;
    for (body, field) in [
        (json!({ "pattern": "61 4 * * *" }), "pattern"),
        (json!({ "pattern": "0 0 31 2 *" }), "pattern"),
        (json!({ "pattern": "" }), "pattern"),
        (json!({ "zone": "America/Sampa" }), "zone"),
        (json!({ "active": "no" }), "active"),
        (json!({ "note": "x".repeat(201) }), "note"),
        (json!({ "overlap": "queue" }), "overlap"),
        (json!({ "catch_up_seconds": -1 }), "catch_up_seconds"),
        (json!({ "catch_up_seconds": 604_801 }), "catch_up_seconds"),
        (json!({ "payload": {} }), "payload"),
    ] {
        api.patch(&path, body).await.refused(422, "invalid", Some(field));
    }
    assert_eq!(api.get(&path).await.body["pattern"], "0 4 * * *");
    api.patch("/schedules", json!({ "active": false })).await.refused(422, "invalid", Some("id"));
    api.patch("/schedules/99", json!({ "active": false })).await.refused(404, "not-found", None);
}

#[tokio::test]
async fn g9_a_person_decides_whether_ticks_may_overlap() {
    let api = Api::start().await;
    let (_, path) = schedule(&api).await;
    let before = api.get(&path).await.expect(200).body;
    assert_eq!(before["overlap"], "skip");
    let now = api.patch(&path, json!({ "overlap": "start" })).await.expect(200).body;
    assert_eq!((&now["overlap"], &now["next_at"]), (&json!("start"), &before["next_at"]), "the clock is as it was");
    assert_eq!(now["catch_up_seconds"], 21_600, "S1: six hours, until somebody says otherwise");
    let now = api.patch(&path, json!({ "catch_up_seconds": 3_600 })).await.expect(200).body;
    assert_eq!((&now["catch_up_seconds"], &now["overlap"]), (&json!(3_600), &json!("start")));
}

#[tokio::test]
async fn g9_what_was_missed_in_a_pause_is_not_made_up() {
    let api = Api::start().await;
    let (_, path) = schedule(&api).await;
    let pool = api.db.pool();
    let ticks = async || {
        engine::schedule::tick(&pool).await.unwrap();
        sqlx::query_scalar::<_, i64>("select count(*) from enlace.tick").fetch_one(&pool).await.unwrap()
    };
    api.patch(&path, json!({ "active": false, "note": "obra" })).await.expect(200);
    pass(&pool, Duration::from_secs(3 * 24 * 3600)).await;
    assert_eq!(ticks().await, 0, "it is paused");
    api.patch(&path, json!({ "active": true, "note": "" })).await.expect(200);
    assert_eq!(ticks().await, 0, "three nights are not made up");
    pass(&pool, Duration::from_secs(24 * 3600)).await;
    assert_eq!(ticks().await, 1, "the next night is not lost");
}

#[tokio::test]
async fn a_schedule_runs_when_a_person_says_so() {
    let api = Api::start().await;
    let (_, path) = schedule(&api).await;
    let started = api.post(&format!("{path}/run"), json!({})).await.expect(202);
    let shown = api.get(&format!("/workflows/{}", started.id())).await.expect(200).body;
    assert_eq!((&shown["kind"], &shown["requested_by"]), (&json!("sync"), &json!("admin")));
    let noted = api.get("/acts?act=schedule.run").await.expect(200).body;
    assert_eq!(noted["items"].as_array().unwrap().len(), 1, "{noted}");
    assert_eq!(noted["items"][0]["after"]["workflow"], json!(started.id()), "{noted}");
    api.post("/schedules/99/run", json!({})).await.refused(404, "not-found", None);
}
