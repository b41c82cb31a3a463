//! Upstreams over HTTP (G7).

use serde_json::json;

use super::{Api, stands};

#[tokio::test]
async fn g7_there_is_one_upstream_of_every_integration() {
    let api = Api::start().await;
    let id = api.integration().await;
    let listed = api.get("/upstreams").await.expect(200).body;
    assert_eq!(
        listed["items"],
        json!([{ "id": format!("integration:{id}"), "id_integracao": id, "state": "open", "closed_until": null,
            "until_opened": false, "probing": false, "reason": null, "by": null, "rate": 1.0, "concurrency": null, "waiting": 0 }]),
        "GeoGrid takes one call a second"
    );
    assert_eq!(listed["next"], json!(null));
}

#[tokio::test]
async fn upstreams_are_paged() {
    let api = Api::start().await;
    let ids = [api.integration().await, api.integration().await];
    let first = api.get("/upstreams?limit=1").await.expect(200).body;
    assert_eq!((&first["items"][0]["id_integracao"], first["items"].as_array().unwrap().len()), (&json!(ids[0]), 1));
    let next = first["next"].as_str().unwrap();
    let last = api.get(&format!("/upstreams?limit=1&after={next}")).await.expect(200).body;
    assert_eq!((&last["items"][0]["id_integracao"], &last["next"]), (&json!(ids[1]), &json!(null)));
    api.get("/upstreams?limit=0").await.refused(422, "invalid", Some("limit"));
    api.get("/upstreams?state=open").await.refused(422, "invalid", Some("state"));
}

#[tokio::test]
async fn g7_a_person_closes_and_opens_an_upstream_and_what_waits_goes_on() {
    let api = Api::start().await;
    let (id, pool) = (api.integration().await, api.db.pool());
    let path = format!("/upstreams/integration:{id}");
    let until = "2126-11-24T06:00:00-03:00";
    let closed = api.patch(&path, json!({ "closed_until": until, "reason": "manutenção" })).await.expect(200).body;
    assert_eq!(
        (&closed["state"], &closed["reason"], &closed["by"]),
        (&json!("closed"), &json!("manutenção"), &json!("admin"))
    );
    assert!(closed["closed_until"].as_str().unwrap().starts_with("2126-11-24T0"));
    let work = api.bind(1, 2).await;
    stands(&pool, work, "waiting").await;
    let sql = "update enlace.run set upstream = $2, due_at = 'infinity' where id = $1";
    sqlx::query(sql).bind(work).bind(format!("integration:{id}")).execute(&pool).await.unwrap();
    assert_eq!(api.get(&path).await.body["waiting"], 1);
    let for_good = api.patch(&path, json!({ "closed_until": "infinity", "reason": "x" })).await.expect(200).body;
    assert_eq!((&for_good["state"], &for_good["until_opened"]), (&json!("closed"), &json!(true)));
    let sooner = api.patch(&path, json!({ "closed_until": until, "reason": "x" })).await.expect(200).body;
    assert_eq!(sooner["until_opened"], false, "a person may also shorten it");
    let open = api.patch(&path, json!({ "closed_until": null, "reason": "voltou" })).await.expect(200).body;
    assert_eq!((&open["state"], &open["waiting"]), (&json!("slowed"), &json!(0)));
    assert_eq!(api.get(&format!("/workflows/{work}")).await.body["status"], "queued");
    let acts: i64 =
        sqlx::query_scalar("select count(*) from enlace.act where act like 'upstream.%' and person = 'admin'")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert_eq!(acts, 4);
}

#[tokio::test]
async fn what_cannot_be_set_is_named() {
    let api = Api::start().await;
    let path = format!("/upstreams/integration:{}", api.integration().await);
    for (body, field) in [
        (json!({ "closed_until": null }), "reason"),
        (json!({ "closed_until": null, "reason": "" }), "reason"),
        (json!({ "reason": "x" }), "closed_until"),
        (json!({ "closed_until": "tomorrow", "reason": "x" }), "closed_until"),
        (json!({ "closed_until": "2020-01-01T00:00:00Z", "reason": "x" }), "closed_until"),
        (json!({ "closed_until": 5, "reason": "x" }), "closed_until"),
        (json!({ "rate": 0, "reason": "x" }), "rate"),
        (json!({ "rate": 1e-300, "reason": "x" }), "rate"),
        (json!({ "rate": -1.5, "reason": "x" }), "rate"),
        (json!({ "rate": "5", "reason": "x" }), "rate"),
        (json!({ "concurrency": 0, "reason": "x" }), "concurrency"),
        (json!({ "concurrency": 1001, "reason": "x" }), "concurrency"),
        (json!({ "concurrency": 2.5, "reason": "x" }), "concurrency"),
        (json!({ "rate": 5, "concurrency": 5 }), "reason"),
        (json!({ "open": true, "reason": "x" }), "open"),
    ] {
        api.patch(&path, body).await.refused(422, "invalid", Some(field));
    }
    let none = json!({ "closed_until": null, "reason": "x" });
    api.patch("/upstreams/integration:99", none).await.refused(404, "not-found", None);
}

#[tokio::test]
async fn g7_a_person_limits_an_upstream_and_what_is_left_out_stays() {
    let api = Api::start().await;
    let path = format!("/upstreams/integration:{}", api.integration().await);
    let limited =
        api.patch(&path, json!({ "rate": 2.5, "concurrency": 3, "reason": "contrato" })).await.expect(200).body;
    assert_eq!(
        (&limited["rate"], &limited["concurrency"], &limited["state"]),
        (&json!(2.5), &json!(3), &json!("open"))
    );
    let faster = api.patch(&path, json!({ "rate": 10, "reason": "contrato novo" })).await.expect(200).body;
    assert_eq!((&faster["rate"], &faster["concurrency"]), (&json!(10.0), &json!(3)));
    let free = api.patch(&path, json!({ "concurrency": null, "reason": "sem limite" })).await.expect(200).body;
    assert_eq!((&free["rate"], &free["concurrency"]), (&json!(10.0), &json!(null)));
    let acts: Vec<(String, serde_json::Value, serde_json::Value)> =
        sqlx::query_as("select reason, before -> 'was' -> 'rate', after -> 'rate' from enlace.act where act = 'upstream.limit' order by at")
            .fetch_all(&api.db.pool())
            .await
            .unwrap();
    assert_eq!(acts[1], ("contrato novo".to_owned(), json!(2.5), json!(10.0)));
    assert_eq!(acts.len(), 3);
}
