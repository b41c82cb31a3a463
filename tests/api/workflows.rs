//! Workflows over HTTP: started once, waited for, found again, acted on.

use std::collections::HashSet;

use enlace::tokens::Role;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Api, answer, ended, stands, token};

fn bind(port: i64, service: i64) -> Value {
    json!({ "kind": "bind", "payload": { "id_porta_atendimento": port, "id_cliente_servico": service } })
}

async fn stored(api: &Api) -> i64 {
    sqlx::query_scalar("select count(*) from enlace.outbox").fetch_one(&api.db.pool()).await.unwrap()
}

#[tokio::test]
async fn starting_answers_202_with_the_id_and_where_to_look() {
    let api = Api::start().await;
    let started = api.post("/workflows", bind(812, 4411)).await.expect(202);
    assert_eq!(started.body["status"], "queued");
    assert_eq!(started.headers["location"], format!("/api/v1/workflows/{}", started.id()));
    let shown = api.get(&format!("/workflows/{}", started.id())).await.expect(200).body;
    assert_eq!(shown["kind"], "bind");
    assert_eq!(shown["payload"], bind(812, 4411)["payload"]);
    assert_eq!(shown["requested_by"], "admin");
    assert_eq!(shown["keys"], json!(["port:812", "service:4411"]));
    assert!(!shown["explanation"]["pt"].as_str().unwrap().is_empty());
    assert_eq!((&shown["steps"], &shown["acts"], &shown["result"]), (&json!([]), &json!([]), &Value::Null));
}

#[tokio::test]
async fn what_the_kind_does_not_take_is_refused_by_name_and_nothing_is_stored() {
    let api = Api::start().await;
    let with = |change: Value| {
        let mut body = bind(812, 4411);
        for (key, value) in change.as_object().unwrap() {
            body[key] = value.clone();
        }
        body
    };
    for (body, field) in [
        (json!({ "kind": "dance", "payload": {} }), "kind"),
        (json!({ "kind": "bind", "payload": { "id_cliente_servico": 1 } }), "id_porta_atendimento"),
        (
            json!({ "kind": "bind", "payload": { "id_porta_atendimento": "812", "id_cliente_servico": 1 } }),
            "id_porta_atendimento",
        ),
        (json!({ "kind": "bind", "payload": { "id_porta_atendimento": 1, "id_cliente_servico": 1, "x": 1 } }), "x"),
        (json!({ "kind": "bind", "payload": [] }), "payload"),
        (
            json!({ "kind": "migrate", "payload": { "id_cliente_servico_antigo": 1, "id_cliente_servico": 1 } }),
            "id_cliente_servico",
        ),
        (
            json!({ "kind": "migrate", "payload": { "id_cliente_servico_antigo": 1, "id_cliente_servico": 2 } }),
            "id_porta_atendimento",
        ),
        (json!({ "kind": "retirement", "payload": { "id_ordem_servico": "7" } }), "id_ordem_servico"),
        (json!({ "kind": "bind", "payload": "{}" }), "payload"),
        (json!({ "kind": "sync", "payload": 5 }), "payload"),
        (
            json!({ "kind": "bind", "payload": { "id_porta_atendimento": 1, "id_cliente_servico": 1, "x\u{0}": 1 } }),
            "payload",
        ),
        (json!({ "kind": "sync", "payload": { "id_projeto": 99 } }), "id_projeto"),
        (json!({ "kind": "bind" }), "payload"),
        (json!({ "payload": {} }), "kind"),
        (with(json!({ "kind": 5 })), "kind"),
        (with(json!({ "dedupid": "x" })), "dedupid"),
        (with(json!({ "dedup_id": "" })), "dedup_id"),
        (with(json!({ "dedup_id": "x".repeat(201) })), "dedup_id"),
        (with(json!({ "dedup_id": "Idempotency-Key x" })), "dedup_id"),
        (with(json!({ "requested_by": "\u{7}" })), "requested_by"),
        (with(json!({ "not_before": "amanhã" })), "not_before"),
    ] {
        let refused = api.post("/workflows", body.clone()).await.refused(422, "invalid", Some(field));
        assert!(refused.detail().starts_with(&format!("{field}: ")), "{body}: {}", refused.detail());
    }
    assert_eq!(stored(&api).await, 0);
}

#[tokio::test]
async fn g1_the_same_dedup_id_is_one_workflow() {
    let api = Api::start().await;
    let mut body = bind(812, 4411);
    body["dedup_id"] = json!("pedido 7");
    let first = api.post("/workflows", body.clone()).await.expect(202).id();
    assert_eq!(api.post("/workflows", body).await.expect(202).id(), first);
    assert_eq!(stored(&api).await, 1);
}

#[tokio::test]
async fn an_idempotency_key_is_a_name_within_one_tokens_requests() {
    let api = Api::start().await;
    let post = async |role, key: &str, body| {
        let request = api.request(Method::POST, "/workflows").bearer_auth(api.token(role));
        answer(request.header("Idempotency-Key", key).json(&body)).await
    };
    let first = post(Role::Admin, "a", bind(1, 2)).await.expect(202).id();
    assert_eq!(post(Role::Admin, "a", bind(1, 2)).await.expect(202).id(), first);
    assert_ne!(post(Role::Operator, "a", bind(1, 2)).await.expect(202).id(), first);
    assert_ne!(post(Role::Admin, "b", bind(1, 2)).await.expect(202).id(), first);
    post(Role::Admin, "a", bind(1, 3)).await.refused(422, "invalid", Some("Idempotency-Key"));
    post(Role::Admin, &"k".repeat(141), bind(1, 3)).await.refused(422, "invalid", Some("Idempotency-Key"));
    assert_eq!(stored(&api).await, 3);
    let city = "insert into mapping.project (id_projeto, nome) values (3, 'Centro');
        insert into mapping.integration (id_integracao, platform, name, active, id_projeto) values (1, 'ozmap', 'a', true, 3)";
    sqlx::raw_sql(city).execute(&api.db.pool()).await.unwrap();
    let sync = |payload| json!({ "kind": "sync", "payload": payload });
    let running = api.post("/workflows", sync(json!({ "id_integracao": 1 }))).await.expect(202).id();
    let joined = post(Role::Admin, "s", sync(json!({ "id_projeto": 3 }))).await.expect(202).id();
    assert_eq!(joined, running, "S1: asked for in other words");
}

#[tokio::test]
async fn waiting_answers_200_with_the_result_once_it_ended_else_202() {
    let api = Api::start().await;
    let late = api.post("/workflows?wait=30ms", bind(1, 2)).await.expect(202);
    assert_eq!(late.body["status"], "queued");
    let mut body = bind(1, 2);
    body["dedup_id"] = json!("x");
    let id = api.post("/workflows", body.clone()).await.id();
    let pool = api.db.pool();
    let (ended, ()) = tokio::join!(
        api.post("/workflows?wait=30s", body),
        ended(&pool, id, "succeeded", json!({ "state": "bound", "external_id": "p1" }))
    );
    let ended = ended.expect(200);
    assert_eq!((ended.id(), &ended.body["status"]), (id, &json!("succeeded")));
    assert_eq!(ended.body["result"]["external_id"], "p1");
}

#[tokio::test]
async fn a_bad_wait_is_refused_before_anything_is_stored() {
    let api = Api::start().await;
    for wrong in ["soon", "-1s", "10m"] {
        api.post(&format!("/workflows?wait={wrong}"), bind(1, 2)).await.refused(422, "invalid", Some("wait"));
    }
    assert_eq!(stored(&api).await, 0);
}

#[tokio::test]
async fn a_list_is_paged_newest_first_without_loss_or_repetition() {
    let api = Api::start().await;
    let mut all = Vec::new();
    for n in 1..=7 {
        all.insert(0, api.bind(n, n).await);
    }
    let (mut seen, mut path) = (Vec::new(), "/workflows?limit=3".to_owned());
    loop {
        let page = api.get(&path).await.expect(200);
        assert!(page.ids().len() <= 3);
        seen.extend(page.ids());
        // What comes meanwhile does not shift the pages.
        api.bind(99, 99).await;
        let Some(next) = page.body["next"].as_str() else { break };
        path = format!("/workflows?limit=3&after={next}");
    }
    assert_eq!(seen, all);
}

#[tokio::test]
async fn lists_are_narrowed_down_by_every_filter() {
    let api = Api::start().await;
    let pool = api.db.pool();
    let network = "insert into mapping.project (id_projeto, nome) values (5, 'Centro');
        insert into mapping.integration (id_integracao, platform, name, id_projeto) values (3, 'ozmap', 'O', 5);
        insert into mapping.box (id_caixa_optica, id_projeto, nome) values (1, 5, 'CTO');
        insert into mapping.splitter (id_splitter, id_caixa_optica) values (1, 1);
        insert into mapping.port (id_porta_atendimento, id_splitter, id_caixa_optica, sequencia) values (812, 1, 1, 0);
        insert into hubsoft.customer (id_cliente, nome_razaosocial) values (77, 'Ana Souza');
        insert into hubsoft.customer_service (id_cliente_servico, id_cliente) values (4411, 77)";
    sqlx::raw_sql(network).execute(&pool).await.unwrap();
    let parked = api.bind(812, 4411).await;
    stands(&pool, parked, "parked").await;
    let done = api.bind(813, 4412).await;
    ended(&pool, done, "succeeded", json!({})).await;
    let failed = api.bind(814, 4413).await;
    ended(&pool, failed, "failed", json!({})).await;
    let sync = json!({ "kind": "sync", "payload": { "id_integracao": 3 }, "requested_by": "João da rede", "dedup_id": "100%" });
    let sync = api.post("/workflows", sync).await.expect(202).id();
    for (query, wanted) in [
        ("", vec![sync, failed, done, parked]),
        ("kind=sync", vec![sync]),
        ("kind=sync,bind", vec![sync, failed, done, parked]),
        ("kind=viability", vec![]),
        ("status=parked", vec![parked]),
        ("status=queued", vec![sync]),
        ("status=queued,parked", vec![sync, parked]),
        ("status=succeeded", vec![done]),
        ("status=failed,cancelled", vec![failed]),
        ("status=succeeded,parked", vec![done, parked]),
        ("integration=3", vec![sync, parked]),
        ("port=812", vec![parked]),
        ("service=4412", vec![done]),
        ("customer=77", vec![parked]),
        ("q=813", vec![done]),
        ("q=rede", vec![sync]),
        ("q=100%25", vec![sync]),
        ("q=0%25", vec![sync]),
        ("q=ana", vec![parked]),
        ("since=2020-01-01T00:00:00-03:00", vec![sync, failed, done, parked]),
        ("since=2100-01-01T00:00:00-03:00", vec![]),
        ("until=2020-01-01T00:00:00Z&status=parked", vec![]),
        ("port=812&service=4412", vec![]),
    ] {
        assert_eq!(api.get(&format!("/workflows?{query}")).await.expect(200).ids(), wanted, "{query}");
    }
    assert_eq!(api.get(&format!("/workflows?q={done}")).await.ids(), [done]);
    let viewer = api.call(Role::Viewer, Method::GET, "/workflows?q=ana", None).await;
    assert!(viewer.expect(200).ids().is_empty(), "p1: who may not see names may not search by them");
}

#[tokio::test]
async fn b4_a_migrate_is_found_by_both_services_and_both_ports() {
    let api = Api::start().await;
    let payload = json!({ "id_cliente_servico_antigo": 51, "id_cliente_servico": 52, "id_porta_atendimento": 53,
        "id_porta_atendimento_antiga": 54 });
    let migrate = json!({ "kind": "migrate", "payload": payload });
    let id = api.post("/workflows", migrate).await.expect(202).id();
    api.post("/workflows", bind(812, 4411)).await.expect(202);
    for query in ["service=51", "service=52", "port=53", "port=54"] {
        assert_eq!(api.get(&format!("/workflows?{query}")).await.ids(), [id], "{query}");
    }
}

#[tokio::test]
async fn bad_filters_are_named() {
    let api = Api::start().await;
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=ten", "limit"),
        ("after=xyz", "after"),
        ("kind=dance", "kind"),
        ("status=", "status"),
        ("status=done", "status"),
        ("integration=0", "integration"),
        ("port=a", "port"),
        ("service=-1", "service"),
        ("customer=1.5", "customer"),
        ("since=yesterday", "since"),
        ("until=2026-01-01", "until"),
        ("q=%00", "q"),
        ("porta=1", "porta"),
        ("port=1&port=2", "port"),
    ] {
        api.get(&format!("/workflows?{query}")).await.refused(422, "invalid", Some(field));
    }
    let refused = api.get("/workflows?porta=1").await;
    assert!(refused.detail().contains("integration, port, service"), "{}", refused.detail());
    api.get("/workflows?limit=500").await.expect(200);
}

#[tokio::test]
async fn a_workflow_is_shown_whole() {
    let api = Api::start().await;
    let (pool, id) = (api.db.pool(), api.bind(812, 4411).await);
    let worker = Uuid::from_u128(9);
    let sql = "insert into enlace.step (id, n, attempt, state, outcome, next_state, error, calls, began_at, ended_at, worker) values
        ($1, 1, 1, 'requested', 'done', 'looking', null, null, now(), now(), $2),
        ($1, 2, 1, 'looking', 'failed', null, '{\"class\": \"transient\", \"code\": \"http.timeout\", \"message\": \"sem resposta\"}',
         '[{\"method\": \"GET\", \"path\": \"/boxes\", \"status\": null, \"ms\": 8000}]', now(), now(), $2),
        ($1, 2, 2, 'looking', 'done', 'bound', null, null, now(), now(), $2)";
    sqlx::query(sql).bind(id).bind(worker).execute(&pool).await.unwrap();
    sqlx::query("insert into enlace.kind values ('bind', 1, 'vincular', 'bind')").execute(&pool).await.unwrap();
    let words = "insert into enlace.kind_state values ('bind', 'looking', 'olhar a porta', 'look at the port')";
    sqlx::query(words).execute(&pool).await.unwrap();
    ended(&pool, id, "succeeded", json!({ "external_id": "p1" })).await;
    let shown = api.get(&format!("/workflows/{id}")).await.expect(200).body;
    let steps = shown["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 2);
    assert_eq!(
        (&steps[1]["n"], &steps[1]["outcome"], &steps[1]["action"]),
        (&json!(2), &json!("done"), &json!("olhar a porta"))
    );
    assert_eq!(steps[1]["worker"], worker.to_string());
    let attempts = steps[1]["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 2);
    assert_eq!(attempts[0]["error"]["code"], "http.timeout");
    assert_eq!(attempts[0]["calls"][0]["ms"], 8000);
    assert_eq!(shown["result"]["external_id"], "p1");
    assert!(shown["ended_at"].is_string() && shown["started_at"].is_string());
}

#[tokio::test]
async fn the_callers_trace_is_kept() {
    let api = Api::start().await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let request = api.request(Method::POST, "/workflows").bearer_auth(api.token(Role::Admin)).json(&bind(1, 2));
    let id = answer(request.header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"))).await.expect(202).id();
    assert_eq!(api.get(&format!("/workflows/{id}")).await.body["trace_id"], trace);
    let own = api.bind(3, 4).await;
    let shown = api.get(&format!("/workflows/{own}")).await.body;
    assert_eq!(shown["trace_id"], own.simple().to_string(), "its own, where nobody gave it another");
}

#[tokio::test]
async fn g12_acts_need_a_reason_and_are_recorded_with_their_person() {
    let api = Api::start().await;
    let id = api.bind(1, 2).await;
    stands(&api.db.pool(), id, "parked").await;
    for body in [json!({}), json!({ "reason": " " }), json!({ "reason": 5 }), json!({ "reason": "x".repeat(201) })] {
        api.post(&format!("/workflows/{id}/retry"), body).await.refused(422, "invalid", Some("reason"));
    }
    let done = api.post(&format!("/workflows/{id}/retry"), json!({ "reason": "porta liberada" })).await.expect(200);
    assert_eq!((&done.body["outcome"], &done.body["status"]), (&json!("done"), &json!("queued")));
    let act = &api.get(&format!("/workflows/{id}")).await.body["acts"][0];
    assert_eq!(
        (&act["act"], &act["person"], &act["reason"]),
        (&json!("retry"), &json!("admin"), &json!("porta liberada"))
    );
    assert_eq!(act["before"]["status"], "parked");
    let refused =
        api.post(&format!("/workflows/{id}/retry"), json!({ "reason": "x" })).await.refused(409, "not-now", None);
    assert_eq!(refused.body["legal"], json!(["pause", "cancel"]));
    let refused = api.post(&format!("/workflows/{id}/cancel"), json!({ "reason": "x", "force": true })).await;
    refused.refused(422, "invalid", Some("force"));
    api.post(&format!("/workflows/{id}/cancel"), json!({ "reason": "cliente desistiu" })).await.expect(200);
    let shown = api.get(&format!("/workflows/{id}")).await.body;
    assert_eq!(shown["status"], "cancelled");
    let refused =
        api.post(&format!("/workflows/{id}/cancel"), json!({ "reason": "x" })).await.refused(409, "not-now", None);
    assert_eq!(refused.body["legal"], json!([]));
}

#[tokio::test]
async fn g12_acts_that_make_no_sense_say_what_may_be_done_instead_as_the_workflow_itself_does() {
    let api = Api::start().await;
    let id = api.bind(1, 2).await;
    stands(&api.db.pool(), id, "parked").await;
    let legal = json!(["retry", "skip", "cancel"]);
    assert_eq!(api.get(&format!("/workflows/{id}")).await.expect(200).body["legal_acts"], legal);
    for act in ["resolve", "pause", "resume", "approve", "refuse"] {
        let body = json!({ "reason": "x" });
        let refused = api.post(&format!("/workflows/{id}/{act}"), body).await.refused(409, "not-now", None);
        assert_eq!(refused.body["legal"], legal, "{act}");
    }
    for (act, body, field) in [
        ("retry", json!({ "reason": "x", "outcome": "done" }), "outcome"),
        ("skip", json!({ "reason": "x", "payload": {} }), "payload"),
        ("retry", json!({ "reason": "x", "payload": 5 }), "payload"),
        ("retry", json!({ "reason": "x", "payload": { "id_cliente_servico": 2 } }), "id_porta_atendimento"),
    ] {
        api.post(&format!("/workflows/{id}/{act}"), body).await.refused(422, "invalid", Some(field));
    }
    assert_eq!(api.get(&format!("/workflows/{id}")).await.body["acts"], json!([]));
    let unknown = "update enlace.run set parked = 'outcome_unknown' where id = $1";
    sqlx::query(unknown).bind(id).execute(&api.db.pool()).await.unwrap();
    for body in [json!({ "reason": "x" }), json!({ "reason": "x", "outcome": "maybe" })] {
        api.post(&format!("/workflows/{id}/resolve"), body).await.refused(422, "invalid", Some("outcome"));
    }
    let nobody = Uuid::nil();
    for act in ["retry", "cancel", "skip", "resolve"] {
        api.post(&format!("/workflows/{nobody}/{act}"), json!({ "reason": "x" })).await.refused(404, "not-found", None);
    }
    api.post(&format!("/workflows/{id}/dance"), json!({ "reason": "x" })).await.refused(404, "not-found", None);
}

#[tokio::test]
async fn g12_a_retry_with_another_payload_shows_both() {
    let api = Api::start().await;
    let id = api.bind(1, 2).await;
    stands(&api.db.pool(), id, "parked").await;
    let payload = json!({ "id_porta_atendimento": 3, "id_cliente_servico": 2 });
    let body = json!({ "reason": "porta errada", "payload": payload });
    api.post(&format!("/workflows/{id}/retry"), body).await.expect(200);
    let shown = api.get(&format!("/workflows/{id}")).await.expect(200).body;
    assert_eq!((&shown["payload"], &shown["keys"]), (&payload, &json!(["port:3", "service:2"])));
    assert_eq!(shown["original_payload"], bind(1, 2)["payload"]);
    assert_eq!(shown["acts"][0]["after"]["payload"], payload);
}

#[tokio::test]
async fn a_token_that_may_only_enqueue_reads_what_it_started_and_nothing_else() {
    let api = Api::start().await;
    let others = api.bind(1, 2).await;
    let other = token(&api.db.pool(), Role::Enqueue, "enqueue").await;
    let mine = api.call(Role::Enqueue, Method::POST, "/workflows", Some(bind(3, 4))).await.expect(202).id();
    let get = async |token: &str, path: &str| answer(api.request(Method::GET, path).bearer_auth(token)).await;
    let token = api.token(Role::Enqueue);
    assert_eq!(get(token, "/workflows").await.expect(200).ids(), [mine]);
    assert_eq!(get(token, "/workflows?status=queued").await.ids(), [mine]);
    get(token, &format!("/workflows/{mine}")).await.expect(200);
    get(token, &format!("/workflows/{others}")).await.refused(404, "not-found", None);
    assert!(get(&other, "/workflows").await.ids().is_empty(), "another token of the same name is another token");
    get(&other, &format!("/workflows/{mine}")).await.refused(404, "not-found", None);
}

#[tokio::test]
async fn somebody_elses_dedup_id_opens_nothing() {
    let api = Api::start().await;
    let mut body = bind(1, 2);
    body["dedup_id"] = json!("pedido 7");
    let theirs = api.post("/workflows", body.clone()).await.expect(202).id();
    ended(&api.db.pool(), theirs, "succeeded", json!({ "external_id": "p1" })).await;
    let guessed = api.call(Role::Enqueue, Method::POST, "/workflows?wait=20ms", Some(body)).await.expect(202);
    assert_eq!((guessed.id(), guessed.body.get("result")), (theirs, None));
    let path = format!("/workflows/{theirs}");
    api.call(Role::Enqueue, Method::GET, &path, None).await.refused(404, "not-found", None);
}

#[tokio::test]
async fn p1_personal_data_is_masked_for_all_but_admins() {
    let api = Api::start().await;
    let id = api.bind(1, 2).await;
    ended(&api.db.pool(), id, "succeeded", json!({ "customer": { "name": "Ana Souza" }, "external_id": "p1" })).await;
    for (role, name) in [(Role::Viewer, "A•••"), (Role::Operator, "A•••"), (Role::Admin, "Ana Souza")] {
        for path in ["/workflows".to_owned(), format!("/workflows/{id}")] {
            let body = api.call(role, Method::GET, &path, None).await.expect(200).body;
            let result = if path == "/workflows" { &body["items"][0]["result"] } else { &body["result"] };
            assert_eq!(result["customer"]["name"], name, "{role} {path}");
            assert_eq!(result["external_id"], "p1");
        }
    }
}

#[tokio::test]
async fn ids_are_unique_and_two_at_once_with_one_key_are_one() {
    let api = Api::start().await;
    let mut body = bind(1, 2);
    body["dedup_id"] = json!("x");
    let posts = (0..8).map(|_| api.post("/workflows", body.clone()));
    let ids: HashSet<Uuid> =
        futures_util::future::join_all(posts).await.into_iter().map(|a| a.expect(202).id()).collect();
    assert_eq!((ids.len(), stored(&api).await), (1, 1));
}
