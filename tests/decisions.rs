//! G3 and G12 over the API, with OZMap behind it: a write that nobody knows the outcome of, and that looking cannot settle, is
//! settled by a person; what a person waives ends and says who waived it.

use std::{sync::Arc, time::Duration};

use enlace::{
    api::{self, ApiState},
    desk::{Setup, live::Hub},
    tokens::Role,
};
use rustix::process::Signal;
use secrecy::SecretBox;
use serde_json::{Value, json};
use simulators::faults::{Effect, Fault};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    api::{Answer, Answering, answer, client, serve, token},
    support::{
        isp::{Isp, ends, hubsoft_sets},
        toy::pass,
    },
};

const SOON: Duration = Duration::from_secs(60);

/// An operator at the API of this ISP.
struct Operator {
    base: String,
    token: String,
}

impl Operator {
    async fn of(isp: &Isp) -> Self {
        let setup = Setup {
            key: Arc::new(SecretBox::new(Box::new([7; 32]))),
            plain_http: true,
            accounts: Arc::new(Answering::default()),
        };
        let live = Hub::start(isp.db.pool(), CancellationToken::new());
        let base = serve(api::router(ApiState::new(isp.db.pool(), setup, live))).await;
        Self { base, token: token(&isp.db.pool(), Role::Operator, "ana").await }
    }

    async fn acts(&self, id: Uuid, act: &str, body: Value) -> Answer {
        let url = format!("{}/api/v1/workflows/{id}/{act}", self.base);
        answer(client().post(url).bearer_auth(&self.token).json(&body)).await
    }
}

fn refuses_to_be_looked_at() -> Fault {
    let body = Some(json!({ "message": "manutenção" }));
    Fault::always(Effect::Status { status: 422, body, retry_after_seconds: None }).method("GET")
}

async fn words(isp: &Isp, id: Uuid) -> String {
    sqlx::query_scalar("select explanation ->> 'pt' from enlace.status($1)")
        .bind(id)
        .fetch_one(&isp.db.pool())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g3_g12_a_write_that_looking_cannot_settle_is_settled_by_a_person() {
    let isp = Isp::new(30).await;
    let (pool, ana) = (isp.db.pool(), Operator::of(&isp).await);
    let mut worker = isp.worker();
    isp.sync().await;
    let ports = isp.ports(200).await;
    let free: Vec<i64> = ports.iter().filter(|(_, who)| who.is_none()).map(|(port, _)| *port).collect();
    let taken: Vec<i64> = ports.iter().filter(|(_, who)| who.is_some()).map(|(port, _)| *port).collect();
    let services = isp.idle_services(2).await;
    for (port, service, method, asks, done) in [
        (free[0], Some(services[0]), "POST", "colocar o cliente na porta", true),
        (free[1], Some(services[1]), "POST", "colocar o cliente na porta", false),
        (taken[0], None, "DELETE", "retirar o cliente da porta", true),
        (taken[1], None, "DELETE", "retirar o cliente da porta", false),
    ] {
        let what = format!("{method} that was done: {done}");
        let hangs = if done { Effect::HangAfter } else { Effect::Hang };
        isp.ozmap.set_faults(vec![Fault::always(hangs).method(method).path_prefix("/api/v2/properties")]);
        let before = isp.both_sides(&[port]).await.1;
        let id = hubsoft_sets(&pool, port, service).await.unwrap();
        for _ in 0..3000 {
            let at: Option<String> =
                sqlx::query_scalar("select state from enlace.status($1)").bind(id).fetch_one(&pool).await.unwrap();
            let writes = at.is_some_and(|at| at == "attaching" || at == "detaching");
            if writes && (!done || isp.both_sides(&[port]).await.1 != before) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        worker.signal(Signal::KILL);
        worker.ended().await;
        isp.ozmap.set_faults(vec![refuses_to_be_looked_at()]);
        pass(&pool, Duration::from_secs(12)).await;
        worker = isp.worker();
        ends(&pool, id, "parked", SOON).await;
        let pt = words(&isp, id).await;
        assert!(pt.contains(&format!("isto foi feito ou não: {asks}?")), "{what}: {pt}");
        isp.ozmap.set_faults(vec![]);
        let outcome = if done { "done" } else { "not_done" };
        ana.acts(id, "resolve", json!({ "outcome": outcome, "reason": "olhei no OZMap" })).await.expect(200);
        ends(&pool, id, "succeeded", SOON).await;
        let (ours, theirs) = isp.both_sides(&[port]).await;
        assert_eq!(ours, theirs, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g12_a_skipped_bind_or_unbind_ends_and_says_who_waived_it() {
    let isp = Isp::new(30).await;
    let (pool, ana) = (isp.db.pool(), Operator::of(&isp).await);
    let _worker = isp.worker();
    isp.sync().await;
    let ports = isp.ports(200).await;
    let free = ports.iter().find(|(_, who)| who.is_none()).unwrap().0;
    let taken = ports.iter().find(|(_, who)| who.is_some()).unwrap().0;
    isp.ozmap.set_faults(vec![refuses_to_be_looked_at()]);
    for (port, service) in [(free, Some(isp.idle_services(1).await[0])), (taken, None)] {
        let id = hubsoft_sets(&pool, port, service).await.unwrap();
        ends(&pool, id, "parked", SOON).await;
        ana.acts(id, "skip", json!({ "reason": "porta desativada" })).await.expect(200);
        let result = ends(&pool, id, "not_applicable", SOON).await;
        let said = "dispensado por ana: porta desativada / waived by ana: porta desativada";
        assert_eq!(result["reason"], said);
        let pt = words(&isp, id).await;
        assert_eq!(pt, "nada a enviar para esta porta: dispensado por ana: porta desativada");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g12_b10_a_port_whose_work_is_called_off_waits_for_nothing_any_more() {
    let isp = Isp::new(30).await;
    let (pool, ana) = (isp.db.pool(), Operator::of(&isp).await);
    let _worker = isp.worker();
    isp.sync().await;
    let free = isp.ports(200).await.into_iter().find(|(_, who)| who.is_none()).unwrap().0;
    sqlx::query("update mapping.integration set active = false").execute(&pool).await.unwrap();
    let id = hubsoft_sets(&pool, free, Some(isp.idle_services(1).await[0])).await.unwrap();
    ends(&pool, id, "waiting", SOON).await;
    let shows = "select transmission, transmission_error from mapping.port where id_porta_atendimento = $1";
    let shown =
        async || sqlx::query_as::<_, (String, Option<String>)>(shows).bind(free).fetch_one(&pool).await.unwrap();
    assert_eq!(shown().await.0, "pending");
    ana.acts(id, "cancel", json!({ "reason": "não é mais preciso" })).await.expect(200);
    ends(&pool, id, "cancelled", SOON).await;
    let (transmission, error) = shown().await;
    assert_eq!(transmission, "failed");
    assert!(error.unwrap().ends_with("called off by a person before it was sent"));
}
