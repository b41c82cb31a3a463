//! Differences over HTTP: listed, masked, settled by people, each with its place in the audit (rule S6).

use std::time::Duration;

use engine::leader::{self, Candidate};
use enlace::{desk::bulk::drive, tokens::Role};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool};

use super::{Answer, Api};
use crate::support::toy::pass;

/// A box with an attendance splitter of eight ports, 801 to 808, in the project of an integration; services 1 to 20.
async fn city() -> (Api, i64) {
    let api = Api::start().await;
    let id = api.integration().await;
    let project = api.put(&format!("/integrations/{id}/project"), json!({ "nome": "Centro" })).await.expect(200);
    let project = &project.body["project"]["id_projeto"];
    run(&api.db.pool(), format!(
        "insert into mapping.box (id_caixa_optica, id_projeto, external_id, nome) values (91, {project}, 'b', 'CTO-091');
         insert into mapping.splitter (id_splitter, id_caixa_optica, external_id, role) values (5, 91, 's', 'attendance');
         insert into mapping.port (id_porta_atendimento, id_splitter, id_caixa_optica, sequencia) select 801 + g, 5, 91, g from generate_series(0, 7) g;
         insert into hubsoft.customer (id_cliente, nome_razaosocial) values (1, 'Ana Souza');
         insert into hubsoft.customer_service (id_cliente_servico, id_cliente, status_prefixo) select g, 1, 'servico_habilitado' from generate_series(1, 20) g"
    ))
    .await;
    (api, id)
}

async fn run(pool: &PgPool, sql: impl Into<String>) {
    sqlx::raw_sql(AssertSqlSafe(sql.into())).execute(pool).await.unwrap();
}

/// HubSoft has this service on the port; null: nobody.
async fn hubsoft_has(api: &Api, port: i64, service: Value) {
    let sql = format!(
        "update mapping.port set id_cliente_servico = {service}, transmission = 'sent' where id_porta_atendimento = {port}"
    );
    run(&api.db.pool(), sql).await;
}

/// A difference, as a sync would have left it; its path.
async fn differs(api: &Api, port: i64, kind: &str, ours: Value, theirs: Value, service: Option<i64>) -> String {
    let sql = "insert into mapping.discrepancy (id_porta_atendimento, kind, ours, theirs, theirs_service) values ($1, $2, $3, $4, $5) returning id";
    let query = sqlx::query_scalar(sql).bind(port).bind(kind).bind(ours).bind(theirs).bind(service);
    let id: i64 = query.fetch_one(&api.db.pool()).await.unwrap();
    format!("/discrepancies/{id}")
}

fn them(code: Option<&str>) -> Value {
    json!({ "external_id": "home", "code": code, "name": "Maria Prado" })
}

async fn settle(api: &Api, path: &str, how: &str) -> Answer {
    api.call(Role::Operator, Method::POST, &format!("{path}/{how}"), Some(json!({ "reason": "conferido" }))).await
}

async fn port(api: &Api, id: i64) -> Value {
    let sql =
        "select jsonb_build_array(id_cliente_servico, reservado, reserved_by, transmission, transmission_external_id)
               from mapping.port where id_porta_atendimento = $1";
    sqlx::query_scalar(sql).bind(id).fetch_one(&api.db.pool()).await.unwrap()
}

/// What was enqueued: kind, port, service, in order.
async fn enqueued(api: &Api) -> Value {
    let sql = "select coalesce(jsonb_agg(jsonb_build_array(kind, payload -> 'id_porta_atendimento', payload -> 'id_cliente_servico') order by seq), '[]')
               from enlace.outbox";
    sqlx::query_scalar(sql).fetch_one(&api.db.pool()).await.unwrap()
}

#[tokio::test]
async fn s6_differences_are_listed_by_what_is_asked_page_by_page_and_masked() {
    let (api, integration) = city().await;
    hubsoft_has(&api, 801, json!(7)).await;
    let first =
        differs(&api, 801, "other_occupant", json!({ "id_cliente_servico": 7 }), them(Some("529.982.247-25")), None)
            .await;
    for port in 802..=804 {
        differs(&api, port, "not_on_platform", json!({ "id_cliente_servico": port }), json!({ "code": null }), None)
            .await;
    }
    let ports = |answer: &Answer| -> Vec<i64> {
        answer.body["items"].as_array().unwrap().iter().map(|d| d["id_porta_atendimento"].as_i64().unwrap()).collect()
    };
    let page = api.get("/discrepancies?limit=3").await.expect(200);
    assert_eq!(ports(&page), [804, 803, 802]);
    let rest = api.get(&format!("/discrepancies?limit=3&after={}", page.body["next"].as_str().unwrap())).await;
    assert_eq!((ports(&rest), &rest.body["next"]), (vec![801], &Value::Null));
    for (query, expected) in [
        ("kind=other_occupant,two_ports", vec![801]),
        ("port=803", vec![803]),
        (&format!("integration={integration}&kind=other_occupant"), vec![801]),
        ("integration=99", vec![]),
        ("project=99", vec![]),
        ("status=settled", vec![]),
    ] {
        assert_eq!(ports(&api.get(&format!("/discrepancies?{query}")).await.expect(200)), expected, "{query}");
    }
    for (query, field) in
        [("status=x", "status"), ("kind=x", "kind"), ("port=0", "port"), ("q=x", "q"), ("after=x", "after")]
    {
        api.get(&format!("/discrepancies?{query}")).await.refused(422, "invalid", Some(field));
    }
    let seen = async |role| api.call(role, Method::GET, &first, None).await.expect(200).body;
    let (viewer, admin) = (seen(Role::Viewer).await, seen(Role::Admin).await);
    assert!(!viewer.to_string().contains("Prado") && !viewer.to_string().contains("247-25"), "P1: {viewer}");
    assert_eq!(admin["theirs"]["customer_name"], "Maria Prado");
    assert_eq!(
        (&admin["caixa"], &admin["numero_porta"], &admin["possible"]),
        (&json!("CTO-091"), &json!(1), &json!(["send", "take", "ignore"]))
    );
    assert!(admin["explanation"]["pt"].as_str().unwrap().contains("o serviço 7"));
    api.get("/discrepancies/99").await.refused(404, "not-found", None);
    api.get("/discrepancies/x").await.refused(400, "malformed", Some("id"));
}

#[tokio::test]
async fn s6_sending_ours_starts_the_work_that_makes_the_platform_follow() {
    let (api, _) = city().await;
    for (port, service) in [(801, json!(7)), (802, json!(8)), (805, json!(9))] {
        hubsoft_has(&api, port, service).await;
    }
    let ours = |service: Value| json!({ "id_cliente_servico": service });
    let other = differs(&api, 801, "other_occupant", ours(json!(7)), them(Some("A")), None).await;
    let gone = differs(&api, 802, "not_on_platform", ours(json!(8)), json!({ "code": null }), None).await;
    let held = differs(
        &api,
        803,
        "reserved_port",
        json!({ "id_cliente_servico": null, "service": 3 }),
        them(Some("3")),
        Some(3),
    )
    .await;
    // A service that somebody moved on the platform from 805 to 804.
    let moved = json!({ "id_cliente_servico": null, "service": 9, "service_sits_on": 805 });
    let moved = differs(&api, 804, "two_ports", moved, them(Some("9")), Some(9)).await;
    let left = differs(&api, 805, "not_on_platform", ours(json!(9)), json!({ "code": null }), None).await;
    let sent = settle(&api, &other, "send").await.expect(200);
    assert_eq!((&sent.body["settlement"], &sent.body["settled_by"]), (&json!("send"), &json!("operator")));
    assert_eq!(sent.body["workflows"].as_array().unwrap().len(), 1);
    for path in [&gone, &held, &moved] {
        settle(&api, path, "send").await.expect(200);
    }
    let expected =
        json!([["bind", 801, 7], ["bind", 802, 8], ["unbind", 803, 3], ["unbind", 804, 9], ["bind", 805, 9]]);
    assert_eq!(enqueued(&api).await, expected);
    assert_eq!(api.get(&left).await.body["settlement"], "send", "the other half of the move went with it");
    assert_eq!(port(&api, 801).await[0], 7, "HubSoft's side stays");
    let again = settle(&api, &other, "take").await.refused(409, "not-now", None);
    assert!(
        again.detail().contains("resolvida por operator") && again.detail().contains("settled by operator"),
        "{}",
        again.detail()
    );
    assert_eq!(again.body["legal"], json!([]));
    // Nobody of HubSoft's can be named: the platform's customer would have to be taken off by hand.
    let stranger = differs(&api, 806, "other_occupant", ours(Value::Null), them(Some("A-1")), None).await;
    let refused = settle(&api, &stranger, "send").await.refused(409, "not-now", None);
    assert_eq!(refused.body["legal"], json!(["take", "ignore"]));
    let equipment =
        differs(&api, 807, "taken_by_equipment", ours(Value::Null), json!({ "equipment": true }), None).await;
    settle(&api, &equipment, "send").await.refused(409, "not-now", None);
    assert_eq!(enqueued(&api).await.as_array().unwrap().len(), 5, "nothing was stored");
}

#[tokio::test]
async fn s6_taking_theirs_makes_hubsoft_follow() {
    let (api, _) = city().await;
    let ours = |service: Value| json!({ "id_cliente_servico": service });
    for port in [801, 802, 803] {
        hubsoft_has(&api, port, json!(port - 800)).await;
    }
    hubsoft_has(&api, 806, json!(9)).await;
    let known = differs(&api, 801, "other_occupant", ours(json!(1)), them(Some("12")), Some(12)).await;
    let stranger = differs(&api, 802, "other_occupant", ours(json!(2)), them(Some("A-1")), None).await;
    let gone = differs(&api, 803, "not_on_platform", ours(json!(3)), json!({ "code": null }), None).await;
    run(
        &api.db.pool(),
        "update mapping.port set reservado = true, reserved_by = 'person' where id_porta_atendimento = 804",
    )
    .await;
    let held = differs(
        &api,
        804,
        "reserved_port",
        json!({ "id_cliente_servico": null, "service": 4 }),
        them(Some("4")),
        Some(4),
    )
    .await;
    let moved = json!({ "id_cliente_servico": null, "service": 9, "service_sits_on": 806 });
    let moved = differs(&api, 805, "two_ports", moved, them(Some("9")), Some(9)).await;
    let left = differs(&api, 806, "not_on_platform", ours(json!(9)), json!({ "code": null }), None).await;
    let equipment =
        differs(&api, 807, "taken_by_equipment", ours(Value::Null), json!({ "equipment": true }), None).await;
    for path in [&known, &stranger, &gone, &held, &moved, &equipment] {
        settle(&api, path, "take").await.expect(200);
    }
    assert_eq!(port(&api, 801).await, json!([12, false, null, "sent", "home"]));
    assert_eq!(
        port(&api, 802).await,
        json!([null, true, "sync", "sent", "home"]),
        "S5: held for whom HubSoft does not know"
    );
    let note: String = sqlx::query_scalar("select observacao from mapping.port where id_porta_atendimento = 802")
        .fetch_one(&api.db.pool())
        .await
        .unwrap();
    assert_eq!(note, "Ocupada na plataforma de mapeamento: nome Maria Prado, código A-1");
    assert_eq!(port(&api, 803).await, json!([null, false, null, "sent", null]));
    assert_eq!(port(&api, 804).await, json!([4, false, null, "sent", "home"]));
    assert_eq!(
        (port(&api, 805).await[0].clone(), port(&api, 806).await[0].clone()),
        (json!(9), Value::Null),
        "it was moved"
    );
    assert_eq!(api.get(&left).await.body["settlement"], "take");
    assert_eq!(port(&api, 807).await[2], "person", "no sync sees equipment, and none lifts that");
    assert_eq!(enqueued(&api).await, json!([]));
}

#[tokio::test]
async fn s6_b9_who_is_taken_leaves_his_other_port_where_the_project_wants_it() {
    let (api, _) = city().await;
    hubsoft_has(&api, 801, json!(12)).await;
    run(&api.db.pool(), "update mapping.project set cliente_unico_porta = true").await;
    let second = differs(
        &api,
        808,
        "two_ports",
        json!({ "id_cliente_servico": null, "service": 12, "service_sits_on": 801 }),
        them(Some("12")),
        Some(12),
    )
    .await;
    settle(&api, &second, "take").await.expect(200);
    assert_eq!((port(&api, 808).await[0].clone(), port(&api, 801).await[0].clone()), (json!(12), Value::Null));
}

#[tokio::test]
async fn s6_what_has_become_something_else_is_not_settled() {
    let (api, _) = city().await;
    hubsoft_has(&api, 801, json!(7)).await;
    let path =
        differs(&api, 801, "other_occupant", json!({ "id_cliente_servico": 7 }), them(Some("12")), Some(12)).await;
    api.bind(801, 7).await;
    let busy = settle(&api, &path, "take").await.refused(409, "not-now", None);
    assert_eq!(busy.body["legal"], json!(["send", "ignore"]), "{}", busy.detail());
    hubsoft_has(&api, 801, json!(8)).await;
    for how in ["send", "take"] {
        let refused = settle(&api, &path, how).await.refused(409, "not-now", None);
        assert!(refused.detail().contains("sincronize") && refused.detail().contains("sync the project"));
    }
    assert_eq!(api.get(&path).await.body["settled_at"], Value::Null);
    let ignored = settle(&api, &path, "ignore").await.expect(200);
    assert_eq!(ignored.body["settlement"], "ignore");
    let empty = json!({ "reason": " " });
    api.post(&format!("{path}/send"), empty).await.refused(422, "invalid", Some("reason"));
    api.post(&format!("{path}/send"), json!({})).await.refused(422, "invalid", Some("reason"));
    settle(&api, "/discrepancies/99", "send").await.refused(404, "not-found", None);
    settle(&api, &path, "forget").await.refused(404, "not-found", None);
}

#[tokio::test]
async fn s6_a_settlement_is_an_act_with_who_why_and_how_it_stood_before_and_after() {
    let (api, _) = city().await;
    hubsoft_has(&api, 801, json!(7)).await;
    let path =
        differs(&api, 801, "other_occupant", json!({ "id_cliente_servico": 7 }), them(Some("12")), Some(12)).await;
    settle(&api, &path, "take").await.expect(200);
    let listed = api.call(Role::Viewer, Method::GET, "/acts?act=discrepancy.take", None).await.expect(200).body;
    let act = &listed["items"][0];
    assert_eq!((&act["person"], &act["reason"]), (&json!("operator"), &json!("conferido")));
    assert_eq!(act["before"]["port"], json!({ "id_cliente_servico": 7, "reservado": false }));
    assert_eq!(act["after"]["port"], json!({ "id_cliente_servico": 12, "reservado": false }));
    assert_eq!(act["after"]["settlement"], "take");
    assert!(!listed.to_string().contains("Prado"), "P1: {listed}");
}

#[tokio::test]
async fn s6_many_are_looked_at_and_then_settled_like_any_act_on_many() {
    let (api, integration) = city().await;
    let pool = api.db.pool();
    for port in 801..=806 {
        hubsoft_has(&api, port, json!(port - 800)).await;
        differs(
            &api,
            port,
            "not_on_platform",
            json!({ "id_cliente_servico": port - 800 }),
            json!({ "code": null }),
            None,
        )
        .await;
    }
    hubsoft_has(&api, 806, json!(20)).await;
    differs(&api, 807, "two_ports", json!({ "id_cliente_servico": null }), them(Some("9")), Some(9)).await;
    let asked = |more: Value| {
        let mut body = json!({ "action": "send", "filter": { "integration": integration, "kind": "not_on_platform" }, "reason": "rede refeita" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let preview = api.post("/discrepancies", asked(json!({ "preview": true }))).await.expect(200).body;
    assert_eq!(
        (&preview["matching"], &preview["by_kind"]),
        (&json!(6), &json!([{ "kind": "not_on_platform", "matching": 6 }]))
    );
    api.post("/discrepancies", asked(json!({ "filter": {} }))).await.refused(422, "invalid", Some("filter"));
    api.post("/discrepancies", asked(json!({ "filter": { "kind": "x" } }))).await.refused(
        422,
        "invalid",
        Some("filter.kind"),
    );
    api.post("/discrepancies", asked(json!({ "pace": 0 }))).await.refused(422, "invalid", Some("pace"));
    let begun = api.call(Role::Operator, Method::POST, "/discrepancies", Some(asked(json!({})))).await.expect(202);
    assert_eq!(begun.body["total"], 6);
    let candidate = Candidate { duty: drive::DUTY, name: "test".to_owned(), lease: Duration::from_secs(100_000) };
    let term = leader::take(&pool, &candidate).await.unwrap().unwrap();
    while let Some(wait) = drive::batch(&pool, term).await.unwrap() {
        pass(&pool, wait + Duration::from_millis(5)).await;
    }
    let shown = api.get(&format!("/acts/{}", begun.id())).await.expect(200).body;
    let progress = &shown["progress"];
    assert_eq!(
        (&progress["status"], &progress["done"], &progress["skipped"]),
        (&json!("done"), &json!(5), &json!(1)),
        "{shown}"
    );
    assert_eq!(enqueued(&api).await.as_array().unwrap().len(), 5);
    let parts = api.get(&format!("/acts?bulk={}", begun.id())).await.body;
    assert_eq!(parts["items"].as_array().unwrap().len(), 6, "the act on many, and its parts");
    assert_eq!(
        api.get("/discrepancies").await.body["items"].as_array().unwrap().len(),
        2,
        "what did not match, and what had changed"
    );
}
