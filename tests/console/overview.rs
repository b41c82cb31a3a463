//! The overview: what waits for a person, and how each integration is, over HTTP and as a page.

use std::time::Duration;

use enlace::{telemetry::recent, tokens::Role};
use platforms::Call;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::Console;
use crate::api::{Api, stands};

#[tokio::test]
async fn what_waits_for_a_person_comes_first_with_its_number_and_one_click_to_it() {
    let api = Api::start().await;
    let (id, pool) = (api.integration().await, api.db.pool());
    for (port, status) in [(1, "parked"), (2, "parked"), (3, "queued")] {
        let bind = api.bind(port, 100 + port).await;
        stands(&pool, bind, status).await;
    }
    let why = json!({ "closed_until": "2126-11-24T06:00:00-03:00", "reason": "manutenção de João 529.982.247-25" });
    api.patch(&format!("/upstreams/integration:{id}"), why).await.expect(200);
    count(&pool, &format!("integration:{id}")).await;

    let all = api.get("/overview").await.expect(200).body;
    assert_eq!((&all["people"][0]["name"], &all["people"][0]["count"]), (&json!("rejected"), &json!(2)));
    let one = &all["integrations"][0];
    assert_eq!(
        (&one["state"], &one["calls"][0]["answered"], &one["calls"][0]["failed"]),
        (&json!("closed"), &json!(3), &json!(1))
    );
    assert_eq!(one["calls"][0]["milliseconds"], 25.0);

    let console = Console::over(api.db).await;
    let viewer = console.sign_in(Role::Viewer).await;
    let page = viewer.get("/").await.expect(200).says("recusadas pela plataforma").says("fechada");
    let page = page.says("href=\"/workflows?status=parked&amp;reason=rejected\">2<").says("4 chamadas, 1 sem sucesso");
    assert!(!page.body.contains("529.982.247-25"), "a viewer is shown no document");
    viewer.with("enlace_language=en").get("/overview").await.expect(200).says("4 calls, 1 failed");
}

/// Three calls that were answered and one that was not, as a worker counts them.
async fn count(pool: &sqlx::PgPool, upstream: &str) {
    for (status, ms) in [(Some(200), 10), (Some(404), 20), (Some(200), 30), (None, 40)] {
        let call = Call { method: "GET".to_owned(), path: "/x".to_owned(), status, ms };
        recent::note(upstream, &call);
    }
    let stop = CancellationToken::new();
    stop.cancel();
    let keeping = recent::keep(pool.clone(), stop);
    tokio::time::timeout(Duration::from_secs(30), keeping).await.unwrap();
}
