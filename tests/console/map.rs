//! The map: what it shows, as a list and for its script, and what it answers.

use enlace::tokens::Role;
use serde_json::{Value, json};
use sqlx::PgPool;

use super::{
    Console,
    network::{city, run},
};
use crate::api::ended;

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Ends the viability that somebody is about to ask, as a worker would.
async fn answered(pool: &PgPool, result: Value) {
    let id = loop {
        let asked = sqlx::query_scalar(
            "select o.id from enlace.outbox o where not exists (select from enlace.finished f where f.id = o.id)",
        );
        if let Some(id) = asked.fetch_optional(pool).await.unwrap() {
            break id;
        }
        tokio::task::yield_now().await;
    };
    ended(pool, id, "succeeded", result).await;
}

#[tokio::test]
async fn v4_the_map_shows_boxes_by_place_and_answers_in_three_ways() {
    let console = Console::start().await;
    let pool = console.pool();
    city(&pool).await;
    let (viewer, operator) = (console.sign_in(Role::Viewer).await, console.sign_in(Role::Operator).await);
    let page = viewer.get("/map").await.expect(200).says("CTO-0911").says("3 livres de 4").says("data-project=\"9\"");
    let page = page.says("data-extent=\"-48.55,-27.6,-48.54,-27.59\"");
    assert!(!page.body.contains("id=\"question\"") && !page.body.contains("data-tiles"), "no acts, no tiles");
    assert!(page.headers["content-security-policy"].to_str().unwrap().contains("img-src 'self' data:;"));
    viewer.post("/map", &[("latitude", "-27.59")]).await.expect(403);

    let seen = read(&viewer.get("/map/boxes?project=9&bbox=-48.56,-27.595,-48.5,-27.5").await.expect(200).body);
    assert_eq!(seen["boxes"].as_array().unwrap().len(), 1);
    assert_eq!((&seen["boxes"][0]["nome"], &seen["boxes"][0]["disponiveis"]), (&json!("CTO-091"), &json!(3)));
    viewer.get("/map/boxes?project=9&bbox=1,2").await.expect(422);
    run(
        &pool,
        "insert into mapping.box (id_caixa_optica, id_projeto, external_id, nome, latitude, longitude)
         select 1000 + g, 9, 'm' || g, 'M' || g, -27.0 - (g % 50) * 0.01, -48.0 - (g / 50) * 0.01 from generate_series(1, 2500) g",
    )
    .await;
    let many = read(&viewer.get("/map/boxes?project=9&bbox=-49,-28,-47,-26").await.expect(200).body);
    let groups = many["groups"].as_array().unwrap();
    assert!(many["boxes"] == json!([]) && (1..2000).contains(&groups.len()), "{}", groups.len());
    assert_eq!(groups.iter().map(|group| group["count"].as_i64().unwrap()).sum::<i64>(), 2502, "none is lost");

    let place = [("latitude", "-27,59"), ("longitude", "-48.55"), ("raio", "300")];
    let found = json!({ "resultado": { "conclusao": "disponivel", "origem": "plataforma", "alertas": [], "projetos": [
        { "projeto": { "id_projeto": 9, "nome": "Centro" }, "busca": { "elementos": { "data": [{ "id_caixa_optica": 91,
          "caixa": "CTO-091", "latitude": -27.59, "longitude": -48.55, "distancia_metros": 16.34, "total": 4, "disponiveis": 3 }] } } }] } });
    let (shown, ()) = tokio::join!(operator.post("/map", &place), answered(&pool, found));
    let shown = shown.expect(200).says("há porta livre").says("16,3 m").says("/boxes/91").says("data-radius=\"300\"");
    assert!(shown.body.contains("value=\"-27,59\""), "what was asked stays in the form");
    for (outcome, words) in [("indisponivel", "não há porta livre"), ("desconhecida", "não se sabe")] {
        let answer =
            json!({ "resultado": { "conclusao": outcome, "alertas": ["a plataforma não respondeu"], "projetos": [] } });
        let (shown, ()) = tokio::join!(operator.post("/map", &place), answered(&pool, answer));
        shown.expect(200).says(words).says("a plataforma não respondeu").says("Nenhuma caixa a 300 m");
    }
    let asked: Value = sqlx::query_scalar("select payload from enlace.outbox limit 1").fetch_one(&pool).await.unwrap();
    assert_eq!(asked, json!({ "latitude": -27.59, "longitude": -48.55, "raio": 300.0 }));
    operator.post("/map", &[("latitude", "91"), ("longitude", "1")]).await.expect(422).says("latitude-wrong");
    operator.post("/map", &[("latitude", "x"), ("longitude", "1")]).await.expect(422).says("deve ser um número");
    operator
        .post("/map", &[("latitude", "1"), ("longitude", "1"), ("raio", "50001")])
        .await
        .expect(422)
        .says("raio-wrong");
    let asked: i64 = sqlx::query_scalar("select count(*) from enlace.outbox").fetch_one(&pool).await.unwrap();
    assert_eq!(asked, 3, "what is wrong stores nothing");
}
