//! An integration's life, step by step (rules D1–D5): created, tied, chosen for, edited, switched off and on.

use std::time::Duration;

use serde_json::{Value, json};
use simulators::ozmap::PROJECTS;

use super::{ALLOWED, PLATFORMS, but, in_both_languages, parameters, simulated, terminal};
use crate::api::Api;
use crate::support::Folder;
use crate::support::isp::{Isp, ends, enqueue, hubsoft_sets};

const SOON: Duration = Duration::from_secs(60);

/// Each parameter of a platform, and how it may be wrong.
fn mistakes(good: &Value) -> Vec<(Value, String)> {
    let each = good.as_object().unwrap().keys().flat_map(|name| {
        let mut missing = good.clone();
        missing.as_object_mut().unwrap().remove(name);
        [missing, but(good, json!({ name: "  " })), but(good, json!({ name: 7 }))].map(|given| (given, name.clone()))
    });
    let addresses = ["mapa.provedor.example", "ftp://mapa.example", "https://", "https://ana:palavra@mapa.example"];
    let addresses = addresses.map(|url| (but(good, json!({ "api_url": url })), "api_url".to_owned()));
    each.chain(addresses).chain([(but(good, json!({ "chave": "x" })), "chave".to_owned())]).collect()
}

// on every platform
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d1_each_parameter_that_is_wrong_is_named_and_nothing_is_stored() {
    let (api, folder) = (Api::on_platforms().await, Folder::new());
    for platform in PLATFORMS {
        let good = simulated(platform, Vec::new()).await;
        for (given, name) in mistakes(&good) {
            let body = json!({ "platform": platform, "name": "x", "parameters": given });
            let field = format!("parameters.{name}");
            let refused = api.post("/integrations", body).await.refused(422, "invalid", Some(&field));
            in_both_languages(refused.detail());
            assert!(!refused.body.to_string().contains("palavra"), "{}", refused.body);
        }
        for name in good.as_object().unwrap().keys() {
            let mut missing = good.clone();
            missing.as_object_mut().unwrap().remove(name);
            let given = parameters(&missing);
            let create = ["integrations", "create", "--platform", platform, "--name", "x"];
            let create: Vec<&str> = create.into_iter().chain(given.iter().map(String::as_str)).collect();
            let (code, _, err) = terminal(&api.db, &folder, &create, &[ALLOWED]).await;
            assert!(code == 1 && err.contains(&format!("parameters.{name}: ")), "{platform} {name}: {err}");
        }
    }
    let stored = "select (select count(*) from mapping.integration) + (select count(*) from enlace.schedule) + (select count(*) from enlace.act)";
    assert_eq!(sqlx::query_scalar::<_, i64>(stored).fetch_one(&api.db.pool()).await.unwrap(), 0);
}

// on every platform
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d1_d2_d3_d4_what_is_done_at_one_face_is_seen_at_the_other() {
    let (api, folder) = (Api::on_platforms().await, Folder::new());
    let at_terminal = async |arguments: &[&str]| {
        let (code, out, err) = terminal(&api.db, &folder, &[arguments, &["--json"]].concat(), &[ALLOWED]).await;
        assert_eq!(code, 0, "{arguments:?}: {err}");
        serde_json::from_str::<Value>(&out).unwrap()
    };
    for (nth, platform) in PLATFORMS.into_iter().enumerate() {
        let body =
            json!({ "platform": platform, "name": "da API", "parameters": simulated(platform, Vec::new()).await });
        let made = api.post("/integrations", body).await.expect(201).body;
        let (id, path) = (made["id"].to_string(), format!("/integrations/{}", made["id"]));
        assert_eq!(at_terminal(&["integrations", "show", &id]).await, made);
        let name = format!("Projeto {nth}");
        let tied = at_terminal(&["integrations", "project", &id, "--new-project", &name]).await;
        assert_eq!(tied["project"]["nome"], name);
        let chosen = api.put(&format!("{path}/elements"), json!({ "elements": ["splitter", "box"] })).await.expect(200);
        assert_eq!(chosen.body["elements"], json!(["box", "splitter"]));
        let edited =
            ["integrations", "edit", &id, "--name", "outro", "--setting", "keep_home=true", "--reason", "pedido"];
        let edited = at_terminal(&edited).await;
        assert_eq!((&edited["name"], &edited["settings"]["keep_home"]), (&json!("outro"), &json!(true)));
        let off = at_terminal(&["integrations", "inactivate", &id, "--reason", "contrato"]).await;
        assert_eq!(off["active"], false);
        let refused = api.post(&format!("{path}/sync"), json!({})).await.refused(409, "not-now", None);
        in_both_languages(refused.detail());
        assert_eq!(api.get(&path).await.body, off);
        let on = api.post(&format!("{path}/activate"), json!({ "reason": "voltou" })).await.expect(200).body;
        assert_eq!((&on["active"], &on["project"]["nome"]), (&json!(true), &json!(name)));
        let history = api.get(&format!("{path}/history")).await.expect(200).body;
        let acts: Vec<&str> = history["items"].as_array().unwrap().iter().map(|e| e["act"].as_str().unwrap()).collect();
        let expected = ["activate", "inactivate", "edit", "elements", "project", "create"];
        assert_eq!(acts, expected.map(|act| format!("integration.{act}")), "{platform}");
    }
    // One project, one integration: who has it is said, by both faces.
    let taken = api.get("/integrations/1").await.body["project"]["id_projeto"].to_string();
    let body = json!({ "id_projeto": taken.parse::<i64>().unwrap() });
    let refused = api.put("/integrations/2/project", body).await.refused(422, "invalid", Some("id_projeto"));
    let (portuguese, english) = in_both_languages(refused.detail());
    assert!(portuguese.contains("outro") && english.contains("choose another"), "{}", refused.detail());
    let (code, _, err) =
        terminal(&api.db, &folder, &["integrations", "project", "2", "--project", &taken], &[ALLOWED]).await;
    assert!(code == 1 && err.contains(refused.detail()), "{err}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d4_what_is_queued_for_an_inactive_integration_waits_visibly_and_goes_on() {
    let isp = Isp::new(20).await;
    let pool = isp.db.pool();
    let _worker = isp.worker();
    isp.sync().await;
    let free = isp.ports(200).await.into_iter().find(|(_, who)| who.is_none()).unwrap().0;
    let service = isp.idle_services(1).await[0];
    let (code, said) = isp.terminal(&["integrations", "inactivate", "1", "--reason", "contrato encerrado"]).await;
    assert_eq!(code, 0, "{said}");
    let before = isp.ozmap.calls(0).len();
    let id = hubsoft_sets(&pool, free, Some(service)).await.unwrap();
    ends(&pool, id, "waiting", SOON).await;
    let (_, shown) = isp.terminal(&["workflows", "show", &id.to_string()]).await;
    assert!(shown.contains("integração inativada"), "{shown}");
    assert_eq!(isp.ozmap.calls(0).len(), before, "nothing was sent");
    let (code, said) = isp.terminal(&["integrations", "activate", "1", "--reason", "voltou"]).await;
    assert_eq!(code, 0, "{said}");
    ends(&pool, id, "succeeded", SOON).await;
    let (ours, theirs) = isp.both_sides(&[free]).await;
    assert_eq!(ours, theirs);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d5_a_wrong_project_name_stops_the_sync_with_those_that_exist_and_the_right_one_lets_it_go_on() {
    let isp = Isp::new(60).await;
    let pool = isp.db.pool();
    let (code, said) = isp.terminal(&["integrations", "edit", "1", "--param", "nome_projeto=Nenhum"]).await;
    assert_eq!(code, 0, "a name is checked by test and sync: {said}");
    let (code, told) = isp.terminal(&["integrations", "test", "1"]).await;
    assert_eq!(code, 1, "{told}");
    let names: Vec<&str> = told.split("há: ").nth(1).unwrap().split(" / ").next().unwrap().split(", ").collect();
    assert_eq!(names.len(), PROJECTS.len(), "{told}");
    let _worker = isp.worker();
    let id = enqueue(&pool, "sync", json!({ "id_integracao": isp.integration })).await;
    ends(&pool, id, "waiting", SOON).await;
    let (_, shown) = isp.terminal(&["workflows", "list", "--json"]).await;
    assert!(names.iter().all(|name| shown.contains(name)) && shown.contains("nome_projeto"), "{shown}");
    let boxes = "select count(*) from mapping.box";
    assert_eq!(sqlx::query_scalar::<_, i64>(boxes).fetch_one(&pool).await.unwrap(), 0, "no empty sync, no part of one");
    // The simulator draws its first hundreds of boxes in its first project: the second one has none of these sixty.
    let right = format!("nome_projeto={}", PROJECTS[1]);
    let (code, said) = isp.terminal(&["integrations", "edit", "1", "--param", &right]).await;
    assert_eq!(code, 0, "{said}");
    let result = ends(&pool, id, "succeeded", SOON).await;
    let seen = ["box", "splitter", "pole"].map(|kind| result["elements"][kind]["seen"].as_u64());
    assert_eq!(seen, [Some(0), Some(0), Some(60)], "that project's alone, and poles, which belong to none: {result}");
}
