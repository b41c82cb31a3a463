//! One trace a workflow, from HubSoft's span to every call, decoded by the protocol's official package.

use std::time::Duration;

use enlace::{
    telemetry::Context,
    tokens::{self, Role},
};
use rustix::process::Signal;
use secrecy::ExposeSecret;
use serde_json::json;
use simulators::faults::{Effect, Fault};
use simulators::ozmap::Options;
use sqlx::PgPool;
use uuid::Uuid;

use super::collector::{CLIENT, Collector, ERROR, SERVER, Span};
use crate::api::client;
use crate::support::{
    Db,
    isp::{Isp, ends},
};

const SOON: Duration = Duration::from_secs(60);
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const HUBSOFTS_SPAN: &str = "00f067aa0ba902b7";
const NAME: &str = "Plantina da Silva Semente";
const DOCUMENT: &str = "52998224725";

async fn bind(pool: &PgPool, port: i64, service: i64, traceparent: &str) -> Uuid {
    let mut tx = pool.begin().await.unwrap();
    sqlx::query("update mapping.port set id_cliente_servico = $2 where id_porta_atendimento = $1")
        .bind(port)
        .bind(service)
        .execute(&mut *tx)
        .await
        .unwrap();
    let id = sqlx::query_scalar("select enlace.enqueue('bind', $1, traceparent => $2)")
        .bind(json!({ "id_porta_atendimento": port, "id_cliente_servico": service }))
        .bind(traceparent)
        .fetch_one(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    id
}

/// Names everybody alike, so that nobody's name can be missed.
async fn plant(pool: &PgPool) {
    sqlx::query("update hubsoft.customer set nome_razaosocial = $1, cpf_cnpj = $2")
        .bind(NAME)
        .bind(DOCUMENT)
        .execute(pool)
        .await
        .unwrap();
}

fn below<'s>(spans: &'s [Span], parent: &Span) -> Vec<&'s Span> {
    spans.iter().filter(|span| span.parent == parent.id).collect()
}

/// A tree without loose ends, each span within the one above it.
fn is_one_tree(spans: &[Span], outside: &str) {
    for span in spans {
        assert!(span.began <= span.ended && span.service == "enlace", "{span:?}");
        match spans.iter().find(|above| above.id == span.parent) {
            Some(above) => assert!(above.began <= span.began && span.ended <= above.ended, "{span:?} in {above:?}"),
            None => assert_eq!(span.parent, outside, "{span:?} hangs on nothing"),
        }
    }
    let mut ids: Vec<&str> = spans.iter().map(|span| span.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), spans.len(), "each span once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p1_one_trace_from_hubsofts_span_to_every_call_and_nobody_named_in_it() {
    let isp = Isp::new(30).await;
    let pool = isp.db.pool();
    plant(&pool).await;
    let collector = Collector::start().await;
    let endpoint = format!("otlp.endpoint={}", collector.url);
    let mut product = isp.serve(&["serve", "--set", &endpoint, "--set", "otlp.headers=x-key=geheim"]);
    let api = product.says("api").await;
    isp.sync().await;
    let ports = isp.ports(200).await;
    let mut free = ports.iter().filter(|(_, who)| who.is_none()).map(|(port, _)| *port);
    let services = isp.idle_services(3).await;

    isp.ozmap.add_fault(
        Fault::always(Effect::Status { status: 500, body: None, retry_after_seconds: None }).method("GET").times(1),
    );
    isp.ozmap.add_fault(Fault::always(Effect::ResetAfter).method("POST").path_prefix("/api/v2/properties").times(1));
    let traced = bind(&pool, free.next().unwrap(), services[0], &format!("00-{TRACE}-{HUBSOFTS_SPAN}-01")).await;
    ends(&pool, traced, "succeeded", SOON).await;
    // HubSoft does not record this one, so that nobody does.
    let unsampled =
        bind(&pool, free.next().unwrap(), services[1], "00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-00f067aa0ba902b7-00").await;
    ends(&pool, unsampled, "succeeded", SOON).await;
    let over_http = start(&pool, &api, free.next().unwrap(), services[2]).await;
    ends(&pool, over_http, "succeeded", SOON).await;
    product.signal(Signal::TERM);
    assert!(product.ended().await.success());

    let spans = collector.spans();
    let of = |trace: &str| spans.iter().filter(|span| span.trace == trace).cloned().collect::<Vec<_>>();
    hubsofts(&pool, traced, &of(TRACE)).await;
    assert!(of("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa").is_empty(), "not sampled by who began it");
    started_over_http(over_http, &of("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"));
    let sync: Uuid =
        sqlx::query_scalar("select id from enlace.outbox where kind = 'sync'").fetch_one(&pool).await.unwrap();
    let own = of(&sync.simple().to_string());
    is_one_tree(&own, "");
    assert!(own.len() > 3 && own.iter().any(|span| span.name == "sync"), "the sync's own trace: {own:?}");
    nobody_is_named(&collector);
    assert!(collector.headers().iter().all(|headers| headers["x-key"] == "geheim"));
}

async fn start(pool: &PgPool, api: &str, port: i64, service: i64) -> Uuid {
    let (_, token) = tokens::create(pool, Role::Admin, "t").await.unwrap();
    let body = json!({ "kind": "bind", "payload": { "id_porta_atendimento": port, "id_cliente_servico": service } });
    let request = client().post(format!("{api}/api/v1/workflows")).bearer_auth(token.expose_secret());
    let traceparent = format!("00-{}-{HUBSOFTS_SPAN}-01", "b".repeat(32));
    let answer = request.header("traceparent", traceparent).json(&body).send().await.unwrap();
    let answer: serde_json::Value = answer.json().await.unwrap();
    answer["id"].as_str().unwrap().parse().unwrap()
}

/// The bind that met a failure and a lost answer, against the rows that say what was done.
async fn hubsofts(pool: &PgPool, id: Uuid, spans: &[Span]) {
    is_one_tree(spans, HUBSOFTS_SPAN);
    let whole = spans.iter().find(|span| span.parent == HUBSOFTS_SPAN).unwrap();
    assert_eq!((whole.name.as_str(), whole.attribute("enlace.status")), ("bind", "succeeded"));
    assert_eq!(whole.attribute("enlace.workflow.id"), id.to_string());
    let attempts = below(spans, whole);
    let story: Vec<(&str, &str, bool)> = attempts
        .iter()
        .map(|s| (s.attribute("enlace.state"), s.attribute("enlace.outcome"), s.status == ERROR))
        .collect();
    let rows: Vec<(String, String, i64)> = sqlx::query_as(
        "select state, outcome, coalesce(jsonb_array_length(calls), 0)::bigint from enlace.step where id = $1 order by n, attempt",
    )
    .bind(id)
    .fetch_all(pool)
    .await
    .unwrap();
    let wrong = |outcome: &str| outcome == "failed" || outcome == "unknown";
    let told: Vec<(&str, &str, bool)> = rows.iter().map(|(s, o, _)| (s.as_str(), o.as_str(), wrong(o))).collect();
    assert_eq!(story, told);
    assert!(told.contains(&("looking", "failed", true)) && told.contains(&("attaching", "unknown", true)), "{told:?}");
    for (attempt, (_, _, calls)) in attempts.iter().zip(&rows) {
        assert_eq!(below(spans, attempt).len() as i64, *calls, "{attempt:?}");
    }
    assert!(attempts.windows(2).all(|two| two[0].ended <= two[1].began), "one after the other");
    let failed = attempts.iter().find(|span| span.attribute("enlace.outcome") == "failed").unwrap();
    assert_eq!(failed.attribute("enlace.error.class"), "transient");
    let call = below(spans, failed).into_iter().find(|call| call.status == ERROR).unwrap();
    assert_eq!((call.kind, &call.attributes["http.response.status_code"]), (CLIENT, &json!(500)));
    assert_eq!(call.attribute("http.request.method"), "GET");
    let lost = attempts.iter().find(|span| span.attribute("enlace.outcome") == "unknown").unwrap();
    let call = below(spans, lost).into_iter().find(|call| call.attribute("http.request.method") == "POST").unwrap();
    assert_eq!((call.attribute("error.type"), call.attribute("url.template")), ("no_answer", "/api/v2/properties"));
}

fn started_over_http(id: Uuid, spans: &[Span]) {
    is_one_tree_but_for_the_request(spans);
    let request = spans.iter().find(|span| span.kind == SERVER).unwrap();
    assert_eq!((request.name.as_str(), request.parent.as_str()), ("POST /api/v1/workflows", HUBSOFTS_SPAN));
    assert_eq!(request.attributes["http.response.status_code"], json!(202));
    let whole = below(spans, request);
    assert_eq!((whole.len(), whole[0].attribute("enlace.workflow.id")), (1, id.to_string().as_str()));
    assert!(below(spans, whole[0]).len() > 2);
}

/// The workflow outlives the request that started it, as it should.
fn is_one_tree_but_for_the_request(spans: &[Span]) {
    let request = spans.iter().find(|span| span.kind == SERVER).unwrap();
    let workflow: Vec<Span> = spans.iter().filter(|span| span.id != request.id).cloned().collect();
    is_one_tree(&workflow, &request.id);
}

fn nobody_is_named(collector: &Collector) {
    let bytes = collector.bytes();
    let platform = Options::default();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    assert!(text.contains("bind looking"), "names would be readable in it");
    for secret in [NAME, "Plantina", DOCUMENT, &platform.password, &platform.api_key, &platform.login, "geheim"] {
        assert!(!text.contains(secret), "{secret} is in what was sent");
    }
}

#[tokio::test]
async fn a_trace_id_is_the_callers_if_it_can_be_followed_and_else_the_workflows_own() {
    let db = Db::new().await;
    let id = Uuid::now_v7();
    let own = id.simple().to_string();
    let cases = [
        (format!("00-{TRACE}-{HUBSOFTS_SPAN}-01"), TRACE),
        (format!("cc-{TRACE}-{HUBSOFTS_SPAN}-01-what-comes"), TRACE),
        (format!("00-{TRACE}-{HUBSOFTS_SPAN}-01-more"), &own),
        (format!("ff-{TRACE}-{HUBSOFTS_SPAN}-01"), &own),
        (format!("00-{}-{HUBSOFTS_SPAN}-01", "0".repeat(32)), &own),
        (format!("00-{TRACE}-{}-01", "0".repeat(16)), &own),
        (format!("00-{}-{HUBSOFTS_SPAN}-01", TRACE.to_uppercase()), &own),
        (format!("00-{TRACE}-{HUBSOFTS_SPAN}"), &own),
        ("nonsense".to_owned(), &own),
        (String::new(), &own),
    ];
    for (text, expected) in cases {
        let by_sql: String = sqlx::query_scalar("select enlace.trace_id($1, $2)")
            .bind(id)
            .bind(&text)
            .fetch_one(&db.pool())
            .await
            .unwrap();
        assert_eq!(by_sql, expected, "{text:?}");
        let here = Context::of(&text).map(|context| context.trace.to_string());
        assert_eq!(here.unwrap_or_else(|| own.clone()), expected, "{text:?}: both rules are one");
    }
}
