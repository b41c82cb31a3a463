//! GeoGrid takes one call a second of a whole account: it is honoured by several workers together, and whoever is put on a port
//! does not wait for the sync that is running (G7; platforms/geogrid.md).

use std::time::{Duration, Instant};

use serde_json::json;
use simulators::{
    geogrid::{Options, Simulator},
    journal::Call,
};

use crate::support::{
    Db, Folder, Process,
    cities::{NETWORK, given, hubsoft, integrate, limited, moved, served},
    isp::{KEY, ends, enqueue, hubsoft_sets},
};

const SOON: Duration = Duration::from_secs(60);

/// None of HubSoft's people lives here.
fn city(calls_a_second: Option<f64>) -> Options {
    Options { boxes: 3_000, first_customer: 10_000, calls_a_second, ..Options::default() }
}

fn came(call: &Call) -> chrono::DateTime<chrono::Utc> {
    call.at.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g7_one_call_a_second_is_honoured_by_three_workers_and_a_bind_passes_the_sync() {
    let db = Db::new().await;
    let pool = db.pool();
    hubsoft(&pool, 10).await;
    // The same city twice: once without a limit, for the first sync of it.
    let quick = Simulator::new(city(None)).unwrap();
    let parameters = given(json!({ "api_url": served(&quick).await, "token": city(None).api_key }));
    let integration = integrate(&pool, "geogrid", ("geogrid", "geogrid"), parameters, &NETWORK).await;
    limited(&pool, integration, None).await;
    let (folder, url) = (Folder::new(), db.url());
    let more = [
        ("DATABASE_URL", url.as_str()),
        ("ENLACE_SECRET_KEY", KEY),
        ("ENLACE_ALLOW_PRIVATE_UPSTREAMS", "true"),
        ("ENLACE_LOG_FILTER", "error"),
    ];
    let hire = || Process::start(folder.path(), &["serve", "--roles", "worker"], &more);
    let first = hire();
    let synced = enqueue(&pool, "sync", json!({ "id_integracao": integration })).await;
    ends(&pool, synced, "succeeded", 5 * SOON).await;
    drop(first);

    let geogrid = Simulator::new(city(Some(1.0))).unwrap();
    moved(&pool, integration, &served(&geogrid).await).await;
    limited(&pool, integration, Some(1.0)).await;
    let _workers = [hire(), hire(), hire()];
    let again = enqueue(&pool, "sync", json!({ "id_integracao": integration })).await;
    while geogrid.calls(0).len() < 5 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let free: Vec<(i64, String, i32)> = sqlx::query_as(
        "select p.id_porta_atendimento, s.external_id, p.sequencia from mapping.port p join mapping.splitter s using (id_splitter)
         where p.id_cliente_servico is null and not p.reservado and not p.blocked order by 1 limit 2",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    let mut waited = Vec::new();
    for ((port, splitter, sequencia), service) in free.into_iter().zip(1000..) {
        let committed = Instant::now();
        let bound = hubsoft_sets(&pool, port, Some(service)).await.unwrap();
        let number = u32::try_from(sequencia).unwrap() + 1;
        while geogrid.holder(&splitter, number).is_none() {
            assert!(committed.elapsed() < SOON, "service {service} is not on port {port}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        waited.push(committed.elapsed());
        ends(&pool, bound, "succeeded", SOON).await;
    }
    let running: bool = sqlx::query_scalar("select exists (select from enlace.run where id = $1)")
        .bind(again)
        .fetch_one(&pool)
        .await
        .unwrap();
    assert!(running, "the sync is under way all the time");
    let calls = geogrid.calls(0);
    let seconds = (came(&calls[calls.len() - 1]) - came(&calls[0])).num_milliseconds() as f64 / 1000.0;
    println!("{} calls in {seconds:.1} s; binds on the platform after {waited:.1?}", calls.len());
    assert!(calls.iter().all(|call| call.status != "429"), "GeoGrid never has to refuse: {calls:#?}");
    assert!(calls.len() as f64 <= seconds + 2.0, "{} calls in {seconds} s", calls.len());
    // Four calls of its own, one of the sync before them; a turn takes 1.02 s.
    assert!(waited.iter().all(|waited| *waited < Duration::from_secs(6)), "{waited:?}");
}
