//! Integrations over HTTP (rules D1–D4).

use platforms::{Failure, FailureKind};
use serde_json::{Value, json};

use super::{Api, ended, geogrid, stands};

async fn count(api: &Api, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&api.db.pool()).await.unwrap()
}

#[tokio::test]
async fn d1_an_integration_is_created_with_its_nightly_sync_and_its_secrets_never_come_back() {
    let api = Api::start().await;
    let created = api.post("/integrations", geogrid()).await.expect(201);
    let id = created.body["id"].as_i64().unwrap();
    assert_eq!(created.headers["location"], format!("/api/v1/integrations/{id}"));
    assert_eq!(
        created.body,
        json!({ "id": id, "platform": "geogrid", "name": "GeoGrid Centro", "active": true, "settings": {}, "elements": [],
            "parameters": { "api_url": "https://painel.example/api" }, "project": null })
    );
    for path in ["/integrations".to_owned(), format!("/integrations/{id}"), "/schedules".to_owned()] {
        assert!(!api.get(&path).await.expect(200).body.to_string().contains("t0k3n"), "{path}");
    }
    let schedule = &api.get("/schedules").await.body["items"][0];
    assert_eq!((&schedule["kind"], &schedule["payload"]), (&json!("sync"), &json!({ "id_integracao": id })));
    assert_eq!((&schedule["pattern"], &schedule["zone"]), (&json!("0 4 * * *"), &json!("America/Sao_Paulo")));
    assert!(schedule["next_at"].as_str().unwrap().contains("T07:00:00"));
    let kept = "select count(*) from mapping.integration where parameters::text like '%t0k3n%' or secrets is null";
    assert_eq!(count(&api, kept).await, 0);
}

#[tokio::test]
async fn d1_what_cannot_be_taken_is_named_and_nothing_is_stored() {
    let api = Api::start().await;
    let with = |path: &str, value: Value| {
        let mut body = geogrid();
        *body.pointer_mut(path).unwrap() = value;
        body
    };
    let and = |key: &str, value: Value| {
        let mut body = geogrid();
        body[key] = value;
        body
    };
    for (body, field) in [
        (with("/platform", json!("mapas")), "platform"),
        (with("/name", json!("")), "name"),
        (with("/parameters", json!({ "token": "x" })), "parameters.api_url"),
        (with("/parameters", json!({ "api_url": "https://x" })), "parameters.token"),
        (with("/parameters/api_url", json!("ftp://x")), "parameters.api_url"),
        (with("/parameters", json!({ "api_url": "https://x", "token": "x", "senha": "y" })), "parameters.senha"),
        (with("/parameters", json!("t0k3n")), "parameters"),
        (and("settings", json!({ "keephome": true })), "settings.keephome"),
        (and("elements", json!(["boxes"])), "elements"),
        (and("elements", json!("box")), "elements"),
        (and("project", json!({ "id_projeto": 99 })), "id_projeto"),
        (and("project", json!({})), "id_projeto"),
        (and("project", json!({ "nome": "" })), "nome"),
        (and("project", json!({ "name": "x" })), "project.name"),
        (and("senha", json!("x")), "senha"),
        (json!({ "name": "x" }), "platform"),
    ] {
        api.post("/integrations", body).await.refused(422, "invalid", Some(field));
    }
    let stored = "select (select count(*) from mapping.integration) + (select count(*) from mapping.project)
                         + (select count(*) from enlace.schedule) + (select count(*) from enlace.act)";
    assert_eq!(count(&api, stored).await, 0);
}

#[tokio::test]
async fn d2_an_integration_has_one_project_and_a_project_one_integration() {
    let api = Api::start().await;
    let (one, other) = (api.integration().await, api.integration().await);
    let tied = api.put(&format!("/integrations/{one}/project"), json!({ "nome": "Centro" })).await.expect(200);
    let project = tied.body["project"]["id_projeto"].as_i64().unwrap();
    assert_eq!(tied.body["project"]["nome"], "Centro");
    let path = format!("/integrations/{other}/project");
    let refused = api.put(&path, json!({ "id_projeto": project })).await.refused(422, "invalid", Some("id_projeto"));
    assert!(refused.detail().contains("GeoGrid Centro"), "{}", refused.detail());
    for body in [json!({}), json!({ "id_projeto": 1, "nome": "x" }), json!({ "id_projeto": 99 })] {
        api.put(&path, body).await.refused(422, "invalid", Some("id_projeto"));
    }
    api.put("/integrations/99/project", json!({ "nome": "x" })).await.refused(404, "not-found", None);
    assert_eq!(count(&api, "select count(*) from mapping.project").await, 1);
}

#[tokio::test]
async fn d3_elements_are_chosen_and_may_be_changed() {
    let api = Api::start().await;
    let path = format!("/integrations/{}/elements", api.integration().await);
    let chosen = api.put(&path, json!({ "elements": ["pole", "box", "box"] })).await.expect(200);
    assert_eq!(chosen.body["elements"], json!(["box", "pole"]));
    assert_eq!(api.put(&path, json!({ "elements": [] })).await.expect(200).body["elements"], json!([]));
    for body in [json!({ "elements": ["boxes"] }), json!({ "elements": "box" }), json!({})] {
        api.put(&path, body).await.refused(422, "invalid", Some("elements"));
    }
    api.put("/integrations/99/elements", json!({ "elements": [] })).await.refused(404, "not-found", None);
}

#[tokio::test]
async fn d4_what_is_left_out_of_an_edit_stays() {
    let api = Api::start().await;
    let path = format!("/integrations/{}", api.integration().await);
    let edited = api.patch(&path, json!({ "name": "Novo", "settings": { "keep_home": true } })).await.expect(200).body;
    assert_eq!((&edited["name"], &edited["settings"]["keep_home"]), (&json!("Novo"), &json!(true)));
    assert_eq!(edited["parameters"]["api_url"], "https://painel.example/api");
    api.patch(&path, json!({ "parameters": { "token": null } })).await.refused(
        422,
        "invalid",
        Some("parameters.token"),
    );
    api.patch(&path, json!({ "platform": "ozmap" })).await.refused(422, "invalid", Some("platform"));
    assert_eq!(api.get(&path).await.body["name"], "Novo");
    let act = "select count(*) from enlace.act where act = 'integration.edit' and person = 'admin'";
    assert_eq!(count(&api, act).await, 1);
}

#[tokio::test]
async fn d4_an_inactive_integrations_work_waits_visibly_and_goes_on() {
    let api = Api::start().await;
    let id = api.integration().await;
    let (path, upstream) = (format!("/integrations/{id}"), format!("/upstreams/integration:{id}"));
    let off = api.post(&format!("{path}/inactivate"), json!({ "reason": "contrato encerrado" })).await.expect(200);
    assert_eq!(off.body["active"], false);
    let gate = api.get(&upstream).await.expect(200).body;
    assert_eq!((&gate["state"], &gate["by"], &gate["until_opened"]), (&json!("closed"), &json!("admin"), &json!(true)));
    api.post(&format!("{path}/sync"), json!({})).await.refused(409, "not-now", None);
    for until in [json!(null), json!("2037-01-01T00:00:00Z")] {
        let opening = json!({ "closed_until": until, "reason": "x" });
        api.patch(&upstream, opening).await.refused(409, "not-now", None);
    }
    // Neither new parameters nor a successful test open what a person switched off.
    api.patch(&path, json!({ "parameters": { "token": "new" } })).await.expect(200);
    api.post(&format!("{path}/test"), json!({})).await.expect(200);
    assert_eq!(api.get(&upstream).await.body["state"], "closed");
    api.post(&format!("{path}/activate"), json!({})).await.expect(200);
    assert_eq!(api.get(&upstream).await.body["state"], "slowed");
    api.post(&format!("{path}/activate"), json!({})).await.expect(200);
}

#[tokio::test]
async fn d4_a_test_says_in_plain_words_what_is_wrong() {
    let api = Api::start().await;
    let path = format!("/integrations/{}/test", api.integration().await);
    let well = api.post(&path, json!({})).await.expect(200).body;
    assert_eq!((&well["ok"], &well["details"]["projects"]), (&json!(true), &json!(["Centro"])));
    let failure =
        Failure::new(FailureKind::Unauthorised, "geogrid.token", "o token foi recusado", "the token was refused");
    *api.platform.failure.lock().unwrap() = Some(failure);
    let ill = api.post(&path, json!({})).await.expect(200).body;
    assert_eq!((&ill["ok"], &ill["details"]["code"]), (&json!(false), &json!("geogrid.token")));
    assert!(ill["message"].as_str().unwrap().contains("o token foi recusado"));
    api.post("/integrations/99/test", json!({})).await.refused(404, "not-found", None);
}

#[tokio::test]
async fn g6_a_refused_credential_is_forgiven_by_a_change_or_a_successful_test() {
    let api = Api::start().await;
    let id = api.integration().await;
    let upstream = format!("/upstreams/integration:{id}");
    let refuse = async || {
        let sql = "insert into enlace.upstream (id, closed_until, reason, closed_by) values ($1, 'infinity', 'recusado', 'enlace')
                   on conflict (id) do update set closed_until = 'infinity', reason = 'recusado', closed_by = 'enlace'";
        sqlx::query(sql).bind(format!("integration:{id}")).execute(&api.db.pool()).await.unwrap();
        assert_eq!(api.get(&upstream).await.body["state"], "closed");
    };
    refuse().await;
    api.patch(&format!("/integrations/{id}"), json!({ "name": "Outro" })).await.expect(200);
    assert_eq!(api.get(&upstream).await.body["state"], "closed", "a new name changes nothing");
    api.patch(&format!("/integrations/{id}"), json!({ "parameters": { "token": "new" } })).await.expect(200);
    assert_eq!(api.get(&upstream).await.body["state"], "slowed");
    refuse().await;
    let tested = api.post(&format!("/integrations/{id}/test"), json!({})).await.expect(200);
    assert_eq!(tested.body["details"]["opened"], true);
    assert_eq!(api.get(&upstream).await.body["state"], "slowed");
}

#[tokio::test]
async fn s1_a_sync_that_is_asked_for_while_one_runs_joins_it() {
    let api = Api::start().await;
    let id = api.integration().await;
    let path = format!("/integrations/{id}/sync");
    let first = api.post(&path, json!({})).await.expect(202);
    assert_eq!(first.headers["location"], format!("/api/v1/workflows/{}", first.id()));
    stands(&api.db.pool(), first.id(), "queued").await;
    let key = "insert into enlace.run_key select $1, position, id from enlace.run";
    sqlx::query(key).bind(format!("integration:{id}")).execute(&api.db.pool()).await.unwrap();
    assert_eq!(api.post(&path, json!({})).await.expect(202).id(), first.id());
    // Also where it comes with an id of the caller's own, which stands for the one that was joined from then on.
    let asked = || json!({ "kind": "sync", "payload": { "id_integracao": id }, "dedup_id": "noite 7" });
    for _ in 0..2 {
        assert_eq!(api.post("/workflows", asked()).await.expect(202).id(), first.id());
    }
    ended(&api.db.pool(), first.id(), "succeeded", json!({})).await;
    sqlx::query("delete from enlace.run_key").execute(&api.db.pool()).await.unwrap();
    assert_eq!(api.post("/workflows", asked()).await.expect(202).id(), first.id(), "asking again answers the same");
    assert_ne!(api.post(&path, json!({})).await.expect(202).id(), first.id(), "and who asks anew gets a new one");
    api.post("/integrations/99/sync", json!({})).await.refused(404, "not-found", None);
}

#[tokio::test]
async fn s1_syncs_that_are_asked_for_at_once_are_one_although_no_worker_has_seen_any() {
    let api = Api::start().await;
    let id = api.integration().await;
    let (path, project) = (format!("/integrations/{id}/sync"), json!({ "nome": "Centro" }));
    let project =
        api.put(&format!("/integrations/{id}/project"), project).await.expect(200).body["project"]["id_projeto"]
            .clone();
    let asked: Vec<_> = (0..8).map(|_| api.post(&path, json!({}))).collect();
    let ids: std::collections::BTreeSet<_> =
        futures_util::future::join_all(asked).await.into_iter().map(|answer| answer.expect(202).id()).collect();
    assert_eq!(ids.len(), 1);
    let wrong = json!({ "kind": "sync", "payload": { "id_integracao": id, "id_projeto": "x" } });
    api.post("/workflows", wrong).await.refused(422, "invalid", Some("id_projeto"));
    let other = api.integration().await;
    let differ = json!({ "kind": "sync", "payload": { "id_integracao": other, "id_projeto": project } });
    api.post("/workflows", differ).await.refused(422, "invalid", Some("id_projeto"));
}

#[tokio::test]
async fn s11_a_running_sync_shows_its_progress() {
    let api = Api::start().await;
    let id = api.integration().await;
    let run = api.post(&format!("/integrations/{id}/sync"), json!({})).await.id();
    stands(&api.db.pool(), run, "queued").await;
    let sql = "insert into mapping.sync_run (run, id_integracao, phase) values ($1, $2, 'boxes')";
    sqlx::query(sql).bind(run).bind(id).execute(&api.db.pool()).await.unwrap();
    let sql = "insert into mapping.sync_count (run, kind, total, seen, created) values ($1, 'box', 500, 200, 200)";
    sqlx::query(sql).bind(run).execute(&api.db.pool()).await.unwrap();
    let progress = api.get(&format!("/workflows/{run}")).await.expect(200).body["progress"].clone();
    assert_eq!((&progress["phase"], &progress["elements"]["box"]["seen"]), (&json!("boxes"), &json!(200)));
    assert_eq!(progress["elements"]["box"]["total"], 500);
}

#[tokio::test]
async fn integrations_are_paged() {
    let api = Api::start().await;
    let ids = [api.integration().await, api.integration().await, api.integration().await];
    let first = api.get("/integrations?limit=2").await.expect(200).body;
    assert_eq!(
        first["items"].as_array().unwrap().iter().map(|i| i["id"].as_i64().unwrap()).collect::<Vec<_>>(),
        ids[..2]
    );
    let next = first["next"].as_str().unwrap();
    let last = api.get(&format!("/integrations?limit=2&after={next}")).await.expect(200).body;
    assert_eq!((&last["items"][0]["id"], &last["next"]), (&json!(ids[2]), &Value::Null));
    api.get("/integrations?active=true").await.refused(422, "invalid", Some("active"));
}

#[tokio::test]
async fn d4_the_history_tells_what_people_did_and_its_syncs_but_no_secret() {
    let api = Api::start().await;
    let (id, other) = (api.integration().await, api.integration().await);
    let path = format!("/integrations/{id}");
    let edit = json!({ "name": "Novo", "parameters": { "token": "outro-t0k3n" }, "reason": "token trocado" });
    api.patch(&path, edit).await.expect(200);
    let close = json!({ "closed_until": "infinity", "reason": "manutenção" });
    api.patch(&format!("/upstreams/integration:{id}"), close).await.expect(200);
    let sql = "insert into mapping.sync_run (run, id_integracao, phase, begun_at) values (gen_random_uuid(), $1, 'boxes', enlace.now())";
    sqlx::query(sql).bind(id).execute(&api.db.pool()).await.unwrap();
    api.patch(&format!("/integrations/{other}"), json!({ "name": "x" })).await.expect(200);
    let told = async |query: &str| api.get(&format!("{path}/history{query}")).await.expect(200).body;
    let all = told("").await;
    let acts: Vec<&str> = all["items"].as_array().unwrap().iter().map(|e| e["act"].as_str().unwrap()).collect();
    assert_eq!(acts, ["sync", "upstream.close", "integration.edit", "integration.create"]);
    let edited = &all["items"][2];
    assert_eq!((&edited["person"], &edited["reason"]), (&json!("admin"), &json!("token trocado")));
    assert_eq!(
        (&edited["before"]["was"]["name"], &edited["after"]["is"]["name"]),
        (&json!("GeoGrid Centro"), &json!("Novo"))
    );
    assert!(!all.to_string().contains("t0k3n"));
    let first = told("?limit=3").await;
    let rest = told(&format!("?limit=3&after={}", first["next"].as_str().unwrap())).await;
    assert_eq!((rest["items"][0]["act"].as_str(), &rest["next"]), (Some("integration.create"), &Value::Null));
    api.get("/integrations/99/history").await.refused(404, "not-found", None);
}
