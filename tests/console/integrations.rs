//! Integrations, as people set them up, try them, close and open them.

use enlace::tokens::Role;
use serde_json::{Value, json};
use sqlx::PgPool;

use super::{Console, network::run};

async fn stored(pool: &PgPool, sql: &'static str) -> Value {
    sqlx::query_scalar(sql).fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn d1_d3_one_is_set_up_in_three_steps_and_what_is_wrong_is_said_beside_its_field() {
    let console = Console::start().await;
    let pool = console.pool();
    let admin = console.sign_in(Role::Admin).await;
    admin.get("/integrations/new").await.expect(200).says("OZMap").says("GeoGrid");
    admin.get("/integrations/new?platform=geogrid").await.expect(200).says("parameters.token");
    let typed = [
        ("platform", "geogrid"),
        ("name", "Mapa do Centro"),
        ("parameters.api_url", "ftp://x"),
        ("implanted_required", "on"),
    ];
    let wrong = admin.post("/integrations/new", &[&typed[..], &[("parameters.token", "s3gr3do")]].concat()).await;
    let wrong = wrong.expect(422).says("aria-invalid").says("Mapa do Centro").says("deve começar com https://");
    assert!(!wrong.body.contains("s3gr3do") && !wrong.body.contains("must begin"), "no secret, and one language");
    admin.post("/integrations/new", &typed).await.expect(422);
    assert_eq!(stored(&pool, "select to_jsonb(count(*)) from mapping.integration").await, 0, "nothing is stored");

    let right = [
        ("platform", "geogrid"),
        ("name", "Mapa do Centro"),
        ("parameters.api_url", "https://painel.example/api"),
        ("parameters.token", "s3gr3do"),
        ("implanted_required", "on"),
        ("missing_percent", "25"),
    ];
    let created = admin.post("/integrations/new", &right).await.expect(303);
    let setup = created.goes_to().to_owned();
    let of = setup.strip_suffix("/setup").unwrap().to_owned();
    let sql = "select to_jsonb(i) - 'secrets' from mapping.integration i";
    let one = stored(&pool, sql).await;
    assert_eq!((&one["settings"], &one["elements"]), (&json!({ "missing_percent": 25 }), &json!([])));
    admin.get(&setup).await.expect(200).says("name=\"nome\"");
    let project = admin.post(&format!("{of}/project"), &[("setup", "1"), ("nome", "Centro")]).await.expect(303);
    assert_eq!(project.goes_to(), setup);
    admin.get(&setup).await.expect(200).says("name=\"element\"");
    let chosen = [("element", "box"), ("element", "splitter")];
    assert_eq!(admin.post(&format!("{of}/elements"), &chosen).await.expect(303).goes_to(), of);
    assert_eq!(stored(&pool, sql).await["elements"], json!(["box", "splitter"]));
    let shown = admin.get(&of).await.expect(200).says("Mapa do Centro").says("ligada ao projeto");
    assert!(!shown.body.contains("s3gr3do"), "a secret never comes back");
    admin.get("/integrations").await.expect(200).says("Mapa do Centro").says("GeoGrid");

    let form = admin.get(&format!("{of}/edit")).await.expect(200).says("https://painel.example/api");
    assert!(!form.body.contains("s3gr3do"));
    let edited = [("name", "Mapa Novo"), ("parameters.api_url", "https://painel.example/api"), ("missing_percent", "")];
    admin.post(&format!("{of}/edit"), &edited).await.expect(422).says("reason-wrong");
    assert_eq!(stored(&pool, sql).await["name"], "Mapa do Centro");
    admin.post(&format!("{of}/edit"), &[&edited[..], &[("reason", "nome novo")]].concat()).await.expect(303);
    let one = stored(&pool, sql).await;
    assert_eq!((&one["name"], &one["settings"]), (&json!("Mapa Novo"), &json!({ "implanted_required": false })));
}

#[tokio::test]
async fn d4_g7_one_is_tried_synced_closed_opened_and_switched_off_each_with_a_reason() {
    let console = Console::start().await;
    let pool = console.pool();
    super::network::city(&pool).await;
    let (viewer, operator) = (console.sign_in(Role::Viewer).await, console.sign_in(Role::Operator).await);
    operator.post("/integrations/3/sync", &[]).await.expect(303);
    let enqueued = stored(&pool, "select to_jsonb(kind) from enlace.outbox").await;
    assert_eq!(enqueued, "sync");
    operator.post("/integrations/3/test", &[]).await.expect(303);

    let closed =
        "select coalesce(to_jsonb(u), '{}') from (select 1) one left join enlace.upstream u on u.id = 'integration:3'";
    operator.post("/integrations/3/upstream/close", &[("minutes", "60")]).await.expect(303);
    assert_eq!(stored(&pool, closed).await["closed_until"], Value::Null, "not without a reason");
    let close = [("minutes", "60"), ("reason", "manutenção anunciada")];
    operator.post("/integrations/3/upstream/close", &close).await.expect(303);
    assert!(stored(&pool, closed).await["closed_until"].is_string());
    let shown =
        viewer.get("/integrations/3").await.expect(200).says("manutenção anunciada").says("fechada").says("operator");
    assert!(!shown.body.contains("/upstream/open"), "a viewer is offered no act");
    operator.get("/integrations/3/live").await.expect(200).says("manutenção anunciada");
    let limit = [("rate", "2,5"), ("concurrency", "3"), ("reason", "devagar")];
    operator.post("/integrations/3/upstream/limit", &limit).await.expect(303);
    let upstream = stored(&pool, closed).await;
    assert_eq!((&upstream["rate"], &upstream["concurrency"]), (&json!(2.5), &json!(3)));
    operator.post("/integrations/3/upstream/open", &[("reason", "voltou")]).await.expect(303);
    operator.get("/integrations/3").await.expect(200).says("plataforma aberta").says("plataforma fechada");

    for (person, path) in [
        (&viewer, "/integrations/3/sync"),
        (&viewer, "/integrations/3/upstream/close"),
        (&operator, "/integrations/3/inactivate"),
        (&operator, "/integrations/3/edit"),
        (&operator, "/integrations/new"),
    ] {
        person.post(path, &[("reason", "x"), ("platform", "ozmap")]).await.expect(403);
    }
    let admin = console.sign_in(Role::Admin).await;
    admin.post("/integrations/3/dance", &[("reason", "x")]).await.expect(404);
    admin.post("/integrations/3/upstream/dance", &[("reason", "x")]).await.expect(404);
    admin.forged("/integrations/3/inactivate", &[("reason", "x")]).await.expect(403);
    admin.post("/integrations/3/inactivate", &[("reason", "contrato acabou")]).await.expect(303);
    assert_eq!(stored(&pool, "select to_jsonb(active) from mapping.integration").await, false);
    admin.get("/integrations/3").await.expect(200).says("contrato acabou").says("inativa");
    operator.post("/integrations/3/sync", &[]).await.expect(303);
    run(&pool, "update mapping.project set nome = '<b>Centro</b>'").await;
    let escaped = admin.get("/integrations/3").await.expect(200).says("&#60;b&#62;");
    assert!(!escaped.body.contains("<b>Centro"));
}
