//! What people come to the console for, each in a real browser on the whole product with a simulated platform, and each
//! ending with a look at the database or the platform.

use std::time::Duration;

use enlace::{
    desk::{
        Caller,
        acts::{self, Verb},
    },
    tokens::Role,
};
use serde_json::{Value, json};
use simulators::{
    faults::{Effect, Fault},
    ozmap::{Options, Simulator},
};
use sqlx::PgPool;
use uuid::Uuid;

use super::browser::journey;
use crate::{
    api,
    support::{
        Db, Folder, Process,
        cities::served,
        isp::{Isp, KEY, ends, enqueue, hubsoft_sets},
        toy::pass,
    },
};

const SOON: Duration = Duration::from_secs(60);

/// The product over a small synced city.
struct Office {
    isp: Isp,
    base: String,
    serving: Process,
}

impl Office {
    async fn open() -> Self {
        let isp = Isp::new(12).await;
        let mut serving = isp.serve(&["serve"]);
        let base = serving.says("api ").await;
        isp.sync().await;
        Self { isp, base, serving }
    }

    fn pool(&self) -> PgPool {
        self.isp.db.pool()
    }

    async fn token(&self, role: Role) -> String {
        api::token(&self.pool(), role, &format!("Ana ({role})")).await
    }

    /// HubSoft puts somebody on a free port.
    async fn binds(&self) -> (i64, i64, Uuid) {
        let ports = self.isp.ports(200).await;
        let port = ports.iter().find(|(_, who)| who.is_none()).unwrap().0;
        let service = self.isp.idle_services(1).await[0];
        (port, service, hubsoft_sets(&self.pool(), port, Some(service)).await.unwrap())
    }

    /// Who did this act to a workflow, and why.
    async fn act(&self, id: Uuid, act: &str) -> (String, String) {
        sqlx::query_as("select person, reason from enlace.act where run_id = $1 and act = $2")
            .bind(id)
            .bind(act)
            .fetch_one(&self.pool())
            .await
            .unwrap()
    }

    async fn both_sides_agree(&self, ports: &[i64]) {
        let (ours, theirs) = self.isp.both_sides(ports).await;
        assert_eq!(ours, theirs);
    }
}

fn refuses() -> Fault {
    let body = Some(json!({ "message": "manutenção" }));
    Fault::always(Effect::Status { status: 422, body, retry_after_seconds: None }).method("GET")
}

#[tokio::test]
async fn each_role_signs_in_in_both_languages_and_themes_on_a_phone_and_by_keyboard_alone() {
    let office = Office::open().await;
    let (.., id) = office.binds().await;
    ends(&office.pool(), id, "succeeded", SOON).await;
    let tokens = json!({
        "viewer": office.token(Role::Viewer).await,
        "operator": office.token(Role::Operator).await,
        "admin": office.token(Role::Admin).await,
    });
    journey("signing_in", &office.base, json!({ "tokens": tokens })).await;
    let left: i64 = sqlx::query_scalar("select count(*) from enlace.session").fetch_one(&office.pool()).await.unwrap();
    assert_eq!(left, 0, "each of them signed out");
}

#[tokio::test]
async fn g12_an_operator_finds_a_customer_whose_bind_is_parked_and_tries_again() {
    let office = Office::open().await;
    office.isp.ozmap.set_faults(vec![refuses()]);
    let (port, service, id) = office.binds().await;
    ends(&office.pool(), id, "parked", SOON).await;
    office.isp.ozmap.set_faults(Vec::new());
    let token = office.token(Role::Operator).await;
    let given = json!({ "token": token, "service": service, "workflow": id, "words": "manutenção" });
    journey("retry", &office.base, given).await;
    ends(&office.pool(), id, "succeeded", SOON).await;
    office.both_sides_agree(&[port]).await;
    assert_eq!(office.act(id, "retry").await, ("Ana (operator)".to_owned(), "o OZMap voltou".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g3_g12_an_operator_says_whether_a_write_of_unknown_outcome_was_done() {
    let mut office = Office::open().await;
    let hangs = Fault::always(Effect::HangAfter).method("POST").path_prefix("/api/v2/properties");
    office.isp.ozmap.set_faults(vec![hangs]);
    let (port, service, id) = office.binds().await;
    for _ in 0..3000 {
        if office.isp.both_sides(&[port]).await.1[&port] == Some(service.to_string()) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    office.serving.signal(rustix::process::Signal::KILL);
    office.serving.ended().await;
    office.isp.ozmap.set_faults(vec![refuses()]);
    pass(&office.pool(), Duration::from_secs(12)).await;
    office.serving = office.isp.serve(&["serve"]);
    office.base = office.serving.says("api ").await;
    ends(&office.pool(), id, "parked", SOON).await;
    office.isp.ozmap.set_faults(Vec::new());
    let token = office.token(Role::Operator).await;
    journey("unknown", &office.base, json!({ "token": token, "workflow": id })).await;
    ends(&office.pool(), id, "succeeded", SOON).await;
    office.both_sides_agree(&[port]).await;
    assert_eq!(office.act(id, "resolve").await.1, "olhei no OZMap: está lá");
}

#[tokio::test]
async fn s9_an_operator_sees_what_would_vanish_and_approves_it() {
    let office = Office::open().await;
    office.isp.ozmap.set_faults(vec![Fault::always(Effect::EmptyList).method("GET").path_prefix("/api/v2/")]);
    let id = enqueue(&office.pool(), "sync", json!({ "id_integracao": office.isp.integration })).await;
    ends(&office.pool(), id, "parked", SOON).await;
    let there = "select count(*) from mapping.box where missing_since is null";
    let before: i64 = sqlx::query_scalar(there).fetch_one(&office.pool()).await.unwrap();
    assert!(before > 0, "nothing vanished before somebody said so");
    let token = office.token(Role::Operator).await;
    journey("guard", &office.base, json!({ "token": token, "workflow": id })).await;
    ends(&office.pool(), id, "succeeded", SOON).await;
    let after: i64 = sqlx::query_scalar(there).fetch_one(&office.pool()).await.unwrap();
    assert_eq!(after, 0);
    assert_eq!(office.act(id, "approve").await.1, "a cidade foi desativada");
}

#[tokio::test]
async fn s6_an_operator_settles_twenty_discrepancies_at_once() {
    let office = Office::open().await;
    let pool = office.pool();
    let taken: Vec<i64> =
        office.isp.ports(500).await.iter().filter(|(_, who)| who.is_some()).map(|(port, _)| *port).take(20).collect();
    let services = office.isp.idle_services(20).await;
    assert_eq!((taken.len(), services.len()), (20, 20));
    // HubSoft's people changed their mind without telling anybody: what a sync finds.
    for (port, service) in taken.iter().zip(&services) {
        sqlx::query("update mapping.port set id_cliente_servico = $2 where id_porta_atendimento = $1")
            .bind(port)
            .bind(service)
            .execute(&pool)
            .await
            .unwrap();
    }
    office.isp.sync().await;
    let token = office.token(Role::Operator).await;
    journey("discrepancies", &office.base, json!({ "token": token, "count": 20 })).await;
    let left = "select (select count(*) from mapping.discrepancy where settled_at is null) + (select count(*) from enlace.unfinished)";
    for _ in 0..600 {
        let left: i64 = sqlx::query_scalar(left).fetch_one(&pool).await.unwrap();
        if left == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    office.both_sides_agree(&taken).await;
    let by: i64 = sqlx::query_scalar(
        "select count(*) from mapping.discrepancy where settled_by = 'Ana (operator)' and settlement = 'send'",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(by, 20);
}

#[tokio::test]
async fn g7_g8_an_operator_closes_an_upstream_and_what_waits_for_it_says_so() {
    let office = Office::open().await;
    let step = async |step: &str| {
        let token = office.token(Role::Operator).await;
        json!({ "token": token, "step": step, "integration": office.isp.integration })
    };
    journey("upstream", &office.base, step("close").await).await;
    let (port, _, id) = office.binds().await;
    ends(&office.pool(), id, "waiting", SOON).await;
    journey("upstream", &office.base, step("open").await).await;
    ends(&office.pool(), id, "succeeded", SOON).await;
    office.both_sides_agree(&[port]).await;
    let person: String = sqlx::query_scalar("select person from enlace.act where act = 'upstream.open'")
        .fetch_one(&office.pool())
        .await
        .unwrap();
    assert_eq!(person, "Ana (operator)");
}

#[tokio::test]
async fn d2_an_administrator_creates_an_integration_from_nothing_to_its_first_sync() {
    let (db, folder) = (Db::new().await, Folder::new());
    let options = Options { boxes: 8, ..Options::default() };
    let url = served(&Simulator::new(options.clone()).unwrap()).await;
    let database = db.url();
    let variables = [
        ("DATABASE_URL", database.as_str()),
        ("ENLACE_SECRET_KEY", KEY),
        ("ENLACE_ALLOW_PRIVATE_UPSTREAMS", "true"),
        ("ENLACE_DATABASE_CONNECTIONS", "10"),
    ];
    let mut serving = Process::start(folder.path(), &["serve"], &variables);
    let base = serving.says("api ").await;
    let token = api::token(&db.pool(), Role::Admin, "Ana").await;
    let parameters: Value =
        json!({ "api_url": url, "api_chave": options.api_key, "usuario": options.login, "senha": options.password });
    journey("integration", &base, json!({ "token": token, "parameters": parameters })).await;
    let boxes: i64 = sqlx::query_scalar("select count(*) from mapping.box").fetch_one(&db.pool()).await.unwrap();
    assert_eq!(boxes, 8);
}

#[tokio::test]
async fn v1_v4_a_click_on_the_map_says_whether_there_is_a_free_port() {
    let office = Office::open().await;
    let token = office.token(Role::Operator).await;
    let nearest = journey("viability", &office.base, json!({ "token": token })).await;
    let result: Value = sqlx::query_scalar(
        "select f.result from enlace.finished f where f.kind = 'viability' and f.status = 'succeeded'",
    )
    .fetch_one(&office.pool())
    .await
    .unwrap();
    let said = result["resultado"].as_object().or(result["answer"]["resultado"].as_object()).unwrap();
    assert_eq!(said["conclusao"], "disponivel");
    assert_eq!(said["projetos"][0]["busca"]["elementos"]["data"][0]["caixa"], nearest);
}

#[tokio::test]
async fn g8_somebody_who_has_never_seen_enlace_answers_four_questions_by_clicks_alone() {
    let office = Office::open().await;
    office.isp.ozmap.set_faults(vec![refuses()]);
    let ports = office.isp.ports(200).await;
    let free: Vec<i64> = ports.iter().filter(|(_, who)| who.is_none()).map(|(port, _)| *port).collect();
    let services = office.isp.idle_services(2).await;
    let mut ids = Vec::new();
    for (port, service) in free.iter().zip(&services) {
        let id = hubsoft_sets(&office.pool(), *port, Some(*service)).await.unwrap();
        ends(&office.pool(), id, "parked", SOON).await;
        ids.push(id);
    }
    let bruno = Caller::at_terminal("Bruno".to_owned());
    let no_more = Default::default();
    acts::act(&office.pool(), &bruno, ids[1], Verb::Cancel, "o cliente desistiu", no_more).await.unwrap();
    let yesterday: String = sqlx::query_scalar("select to_char(now() - interval '1 day', 'YYYY-MM-DD\"T\"HH24:MI')")
        .fetch_one(&office.pool())
        .await
        .unwrap();
    let token = office.token(Role::Operator).await;
    let given = json!({ "token": token, "service": services[0], "yesterday": yesterday, "integration": office.isp.integration });
    let clicks = journey("questions", &office.base, given).await;
    assert!(clicks.as_object().unwrap().values().all(|count| count.as_i64().unwrap() <= 4), "{clicks}");
    ends(&office.pool(), ids[1], "cancelled", SOON).await;
}

#[tokio::test]
async fn every_page_is_sound_in_both_themes_and_languages_on_a_desk_and_on_a_phone() {
    let office = Office::open().await;
    let (port, service, id) = office.binds().await;
    ends(&office.pool(), id, "succeeded", SOON).await;
    let a_box: i64 =
        sqlx::query_scalar("select min(id_caixa_optica) from mapping.box").fetch_one(&office.pool()).await.unwrap();
    let project: i64 =
        sqlx::query_scalar("select min(id_projeto) from mapping.project").fetch_one(&office.pool()).await.unwrap();
    let paths = [
        "/".to_owned(),
        format!("/workflows/{id}"),
        "/integrations".to_owned(),
        "/integrations/new?platform=geogrid".to_owned(),
        format!("/integrations/{}", office.isp.integration),
        format!("/integrations/{}/edit", office.isp.integration),
        "/discrepancies".to_owned(),
        "/guards".to_owned(),
        format!("/services/{service}"),
        format!("/ports/{port}"),
        format!("/boxes/{a_box}"),
        "/search?q=CTO".to_owned(),
        format!("/map?project={project}"),
    ];
    let token = office.token(Role::Admin).await;
    journey("pages", &office.base, json!({ "token": token, "paths": paths })).await;
}
