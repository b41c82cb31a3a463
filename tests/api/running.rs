//! What keeps enlace running, over HTTP: tokens, what runs here, the audit as a file, when a pattern ticks, and a workflow's
//! neighbours.

use enlace::tokens::Role;
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use super::{Api, answer, ended, stands};

#[tokio::test]
async fn a_token_is_made_used_and_taken_back() {
    let api = Api::start().await;
    api.post("/tokens", json!({ "name": "x" })).await.refused(422, "invalid", Some("role"));
    api.post("/tokens", json!({ "name": "x", "role": "king" })).await.refused(422, "invalid", Some("role"));
    api.post("/tokens", json!({ "name": " ", "role": "viewer" })).await.refused(422, "invalid", Some("name"));
    let made = api.post("/tokens", json!({ "name": "NOC", "role": "viewer", "reason": "plantão" })).await.expect(201);
    let secret = made.body["secret"].as_str().unwrap().to_owned();
    let uses = async || answer(api.request(Method::GET, "/workflows").bearer_auth(&secret)).await.status;
    assert_eq!(uses().await, 200);
    let again = async || {
        let body = json!({ "name": "NOC", "role": "viewer" });
        let request = api.request(Method::POST, "/tokens").bearer_auth(api.token(Role::Admin));
        answer(request.header("Idempotency-Key", "noc").json(&body)).await.expect(201)
    };
    let (first, second) = (again().await, again().await);
    assert!(first.id() == second.id() && first.body["secret"].is_string() && second.body["secret"].is_null());
    let secret_of_it = first.body["secret"].as_str().unwrap();
    let sql = "select count(*) from enlace.request r where position($1 in convert_from(r.body, 'UTF8')) > 0";
    let kept: i64 = sqlx::query_scalar(sql).bind(secret_of_it).fetch_one(&api.db.pool()).await.unwrap();
    assert_eq!(kept, 0, "a token is kept nowhere");
    let list = api.get("/tokens").await.expect(200);
    assert_eq!(list.body["items"].as_array().unwrap().len(), 6);
    assert_eq!((&list.body["items"][0]["name"], &list.body["items"][0]["secret"]), (&json!("NOC"), &json!(null)));
    assert!(!list.body.to_string().contains(&secret));
    let at = format!("/tokens/{}/revoke", made.id());
    api.post(&at, json!({})).await.refused(422, "invalid", Some("reason"));
    assert_eq!(uses().await, 200);
    api.post(&at, json!({ "reason": "fim do plantão" })).await.expect(200);
    assert_eq!(uses().await, 401);
    let acts = api.get("/acts?act=token.revoke").await.expect(200);
    assert_eq!(acts.body["items"][0]["reason"], "fim do plantão");
    assert_eq!(acts.body["items"][0]["before"]["name"], "NOC");
    let me: Uuid =
        sqlx::query_scalar("select id from enlace.token where role = 'admin'").fetch_one(&api.db.pool()).await.unwrap();
    api.post(&format!("/tokens/{me}/revoke"), json!({ "reason": "x" })).await.refused(409, "not-now", None);
    api.post(&format!("/tokens/{}/revoke", Uuid::nil()), json!({ "reason": "x" })).await.refused(
        404,
        "not-found",
        None,
    );
}

#[tokio::test]
async fn what_runs_here_and_when_a_pattern_ticks_is_told() {
    let api = Api::start().await;
    let about = api.get("/about").await.expect(200).body;
    assert!(about["database"]["bytes"].as_i64().unwrap() > 1_000_000 && about["workers"] == json!([]), "{about}");
    assert!(about["migrations"].as_array().unwrap().iter().all(|one| one["applied_at"].is_string()));
    assert!(about["tables"].as_array().unwrap().iter().any(|one| one["name"] == "run"));
    let ticks = api.get("/schedules/preview?pattern=0%204%20*%20*%20*&zone=America/Sao_Paulo").await.expect(200).body;
    let ticks = ticks["ticks"].as_array().unwrap().clone();
    assert!(ticks.len() == 3 && ticks.iter().all(|at| at.as_str().unwrap().contains("T07:00:00")), "{ticks:?}");
    api.get("/schedules/preview?pattern=x&zone=America/Sao_Paulo").await.refused(422, "invalid", Some("pattern"));
    api.get("/schedules/preview?pattern=0%204%20*%20*%20*&zone=Marte").await.refused(422, "invalid", Some("zone"));
    api.get("/schedules/preview?pattern=0%204%20*%20*%20*").await.refused(422, "invalid", Some("zone"));
}

#[tokio::test]
async fn the_audit_is_a_file_too_and_is_masked_for_who_may_not_see_people() {
    let api = Api::start().await;
    let sql = "insert into enlace.act (act, person, reason, before) values
        ('integration.edit', 'ana', 'CPF 529.982.247-25', '{\"integration\": 3, \"cpf_cnpj\": \"529.982.247-25\"}')";
    sqlx::query(sql).execute(&api.db.pool()).await.unwrap();
    let file = api.call(Role::Viewer, Method::GET, "/acts.csv?integration=3", None).await.expect(200);
    assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8");
    let text = file.body.as_str().unwrap();
    assert!(text.starts_with("at,act,person") && text.contains("\"ana\"") && !text.contains("529.982"), "{text}");
    let file = api.get("/acts.csv?integration=3").await.expect(200);
    assert!(file.body.as_str().unwrap().contains("529.982.247-25"));
    let looked = api.get("/acts?act=looked").await.expect(200);
    assert_eq!(looked.body["items"].as_array().unwrap().len(), 1, "a file that tells of people is a look");
    api.get("/acts.csv?integration=x").await.refused(422, "invalid", Some("integration"));
    api.get("/acts.csv?colour=red").await.refused(422, "invalid", Some("colour"));
}

#[tokio::test]
async fn neighbours_are_what_touched_the_same_before_and_after() {
    let api = Api::start().await;
    let pool = api.db.pool();
    let (first, other, same_service) = (api.bind(812, 1).await, api.bind(900, 9).await, api.bind(813, 4411).await);
    let id = api.bind(812, 4411).await;
    let unbind = json!({ "kind": "unbind", "payload": { "id_porta_atendimento": 812, "id_cliente_servico": 7 } });
    let later = api.post("/workflows", unbind).await.expect(202).id();
    let left = json!({ "kind": "migrate", "payload": { "id_cliente_servico_antigo": 4411, "id_cliente_servico": 50, "id_porta_atendimento": 77 } });
    let left = api.post("/workflows", left).await.expect(202).id();
    ended(&pool, first, "succeeded", json!({})).await;
    stands(&pool, id, "parked").await;
    let near = api.get(&format!("/workflows/{id}/neighbours")).await.expect(200).body;
    let ids = |side: &str| -> Vec<Uuid> {
        near[side].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().parse().unwrap()).collect()
    };
    assert_eq!(near["keys"], json!(["port:812", "service:4411"]));
    assert_eq!((ids("before"), ids("after")), (vec![same_service, first], vec![later, left]));
    assert!(!near.to_string().contains(&other.to_string()));
    assert_eq!(near["before"][1]["status"], "succeeded");
    let shown = api.get(&format!("/workflows/{id}")).await.expect(200).body;
    assert_eq!(shown["waits_for"], "rejected");
    api.get(&format!("/workflows/{}/neighbours", Uuid::nil())).await.refused(404, "not-found", None);
    // Who reads only what it started sees no others.
    let mine = json!({ "kind": "bind", "payload": { "id_porta_atendimento": 812, "id_cliente_servico": 3 } });
    let mine = api.call(Role::Enqueue, Method::POST, "/workflows", Some(mine)).await.expect(202).id();
    let near =
        api.call(Role::Enqueue, Method::GET, &format!("/workflows/{mine}/neighbours"), None).await.expect(200).body;
    assert_eq!((&near["before"], &near["after"]), (&json!([]), &json!([])));
    api.call(Role::Enqueue, Method::GET, &format!("/workflows/{id}/neighbours"), None).await.refused(
        404,
        "not-found",
        None,
    );
}

#[tokio::test]
async fn lists_and_acts_on_many_are_narrowed_down_by_what_is_waited_for() {
    let api = Api::start().await;
    let pool = api.db.pool();
    let (parked, queued) = (api.bind(1, 2).await, api.bind(3, 4).await);
    stands(&pool, parked, "parked").await;
    assert_eq!(api.get("/workflows?reason=rejected,approval").await.expect(200).ids(), [parked]);
    assert_eq!(api.get("/workflows?reason=time").await.expect(200).ids(), Vec::<Uuid>::new());
    assert_eq!(api.get("/workflows?reason=rejected&status=succeeded").await.expect(200).ids(), Vec::<Uuid>::new());
    api.get("/workflows?reason=boredom").await.refused(422, "invalid", Some("reason"));
    let asked =
        |reason: &str| json!({ "action": "retry", "filter": { "reason": reason }, "reason": "x", "preview": true });
    let preview = api.post("/acts", asked("rejected")).await.expect(200).body;
    assert_eq!((&preview["matching"], &preview["taking"]), (&json!(1), &json!([parked])));
    api.post("/acts", asked("boredom")).await.refused(422, "invalid", Some("filter.reason"));
    assert_eq!(api.get("/workflows").await.expect(200).ids(), [queued, parked]);
}
