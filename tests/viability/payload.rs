//! What may be asked: each mistake names its key, over SQL and over HTTP alike, and stores nothing.

use serde_json::{Value, json};

use crate::api::Api;

/// A good question with this in place of what it has, or without it.
fn with(key: &str, value: Option<Value>) -> Value {
    let mut question = json!({ "latitude": -27.4, "longitude": -49.8, "raio": 300 });
    match value {
        Some(value) => question[key] = value,
        None => drop(question.as_object_mut().unwrap().remove(key)),
    }
    question
}

#[tokio::test]
async fn v1_what_cannot_be_asked_is_refused_by_its_name_and_nothing_is_stored() {
    let api = Api::start().await;
    let pool = api.db.pool();
    let project: i64 = sqlx::query_scalar("insert into mapping.project (nome) values ('À mão') returning id_projeto")
        .fetch_one(&pool)
        .await
        .unwrap();
    let wrong = [
        ("latitude", with("latitude", None)),
        ("longitude", with("longitude", None)),
        ("raio", with("raio", None)),
        ("latitude", json!({ "raio": 300 })),
        ("latitude", with("latitude", Some(json!(90.01)))),
        ("latitude", with("latitude", Some(json!("-27.4")))),
        ("longitude", with("longitude", Some(json!(-180.5)))),
        ("longitude", with("longitude", Some(json!(null)))),
        ("raio", with("raio", Some(json!(0)))),
        ("raio", with("raio", Some(json!(0.9)))),
        ("raio", with("raio", Some(json!(50_001)))),
        ("raio", with("raio", Some(json!("300")))),
        ("id_projeto", with("id_projeto", Some(json!(project + 1)))),
        ("id_projeto", with("id_projeto", Some(json!("1")))),
        ("detalhar_portas", with("detalhar_portas", Some(json!("sim")))),
        ("raios", with("raios", Some(json!(1)))),
        ("endereco", with("endereco", Some(json!("Rua A, 1")))),
        ("endereco", json!({ "endereco": "  ", "raio": 300 })),
        ("endereco", json!({ "endereco": "Rua A, 1", "raio": 300 })),
    ];
    for (field, question) in wrong {
        let refused = api.post("/viability", question.clone()).await.refused(422, "invalid", Some(field));
        assert!(refused.detail().contains(" / "), "in both languages: {}", refused.detail());
        let over_sql: Result<uuid::Uuid, _> =
            sqlx::query_scalar("select enlace.enqueue('viability', $1)").bind(&question).fetch_one(&pool).await;
        let error = over_sql.unwrap_err();
        let error = error.as_database_error().unwrap();
        assert_eq!(error.code().as_deref(), Some("22023"), "{question}");
        assert!(error.message().starts_with(&format!("{field}: ")), "{question}: {}", error.message());
    }
    api.request(reqwest::Method::POST, "/viability").send().await.map(|a| assert_eq!(a.status(), 401)).unwrap();
    let viewer =
        api.call(enlace::tokens::Role::Viewer, reqwest::Method::POST, "/viability", Some(with("x", None))).await;
    viewer.refused(403, "forbidden", None);
    let registration = json!({ "latitude": 1, "longitude": 1, "raio": 1 });
    let started = json!({ "kind": "registration", "payload": registration });
    api.post("/workflows", started).await.refused(422, "invalid", Some("id_integracao"));
    let stored: i64 = sqlx::query_scalar("select count(*) from enlace.outbox").fetch_one(&pool).await.unwrap();
    assert_eq!(stored, 0);
    for (key, good) in
        [("raio", json!(1)), ("raio", json!(50_000.0)), ("latitude", json!(90)), ("id_projeto", json!(project))]
    {
        let asked = api.post("/viability?wait=1ms", with(key, Some(good))).await.expect(200).body;
        assert_eq!(asked["resultado"]["conclusao"], "indisponivel", "no platform is to be asked: {asked}");
    }
}
