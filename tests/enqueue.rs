//! HubSoft's call has a cheap way for the common case: it must admit exactly what the careful way admits.

use rand::{Rng, SeedableRng, rngs::SmallRng, seq::IndexedRandom};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::db::Db;

/// A payload of a bind that is good, or wrong in one of the ways in which payloads are.
fn payload(rng: &mut SmallRng) -> Value {
    let values = [
        json!(1),
        json!(812),
        json!(999_999_999_999_999_999_i64),
        json!(1_000_000_000_000_000_000_i64),
        json!(0),
        json!(-3),
        json!(1.5),
        serde_json::from_str("812.0").unwrap(),
        json!(1e30),
        json!("812"),
        json!("8.12"),
        json!(true),
        json!(null),
        json!([812]),
        json!({ "id": 812 }),
    ];
    if rng.random_bool(0.03) {
        return [json!([]), json!(7), json!("x"), json!(null), json!([{"id_porta_atendimento": 1}])]
            .choose(rng)
            .unwrap()
            .clone();
    }
    let mut payload = serde_json::Map::new();
    for (key, likely) in [
        ("id_porta_atendimento", 0.95),
        ("id_cliente_servico", 0.95),
        ("forcar_troca_porta", 0.1),
        ("x", 0.05),
        ("id_porta_atendimento ", 0.02),
    ] {
        if rng.random_bool(likely) {
            let good = rng.random_range(0..3);
            let any = values.choose(rng).unwrap().clone();
            payload.insert(key.to_owned(), if rng.random_bool(0.6) { values[good].clone() } else { any });
        }
    }
    Value::Object(payload)
}

#[tokio::test]
async fn g1_the_cheap_way_admits_exactly_what_the_careful_way_admits() {
    let seed: u64 =
        std::env::var("ENLACE_TEST_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or_else(|| rand::rng().random());
    println!("ENLACE_TEST_SEED={seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let db = Db::new().await;
    let mut conn = db.connection().await;
    let (mut direct, mut refused) = (0, 0);
    for _ in 0..1500 {
        let (kind, payload) = (*["bind", "unbind"].choose(&mut rng).unwrap(), payload(&mut rng));
        let careful: Result<Value, _> =
            sqlx::query_scalar("select enlace.admitted($1, $2)").bind(kind).bind(&payload).fetch_one(&mut conn).await;
        let enqueued: Result<Uuid, _> =
            sqlx::query_scalar("select enlace.enqueue($1, $2)").bind(kind).bind(&payload).fetch_one(&mut conn).await;
        match (careful, enqueued) {
            (Ok(admitted), Ok(id)) => {
                let (stored, table): (Value, String) =
                    sqlx::query_as("select payload, tableoid::regclass::text from enlace.outbox where id = $1")
                        .bind(id)
                        .fetch_one(&mut conn)
                        .await
                        .unwrap();
                assert_eq!(stored, admitted);
                direct += usize::from(table.ends_with("outbox_direct"));
            }
            (Err(careful), Err(enqueued)) => {
                let said = |e: sqlx::Error| e.as_database_error().unwrap().message().to_owned();
                assert_eq!(said(careful), said(enqueued), "{payload}");
                refused += 1;
            }
            (careful, enqueued) => panic!("{kind} {payload}: carefully {careful:?}, enqueued {enqueued:?}"),
        }
    }
    assert!(direct > 200 && refused > 200, "{direct} went the cheap way, {refused} were refused");
}

#[tokio::test]
async fn g1_what_the_cheap_way_stores_is_bound_like_all_else() {
    let db = Db::new().await;
    let mut conn = db.connection().await;
    let call =
        "select enlace.enqueue('bind', '{\"id_porta_atendimento\": 1, \"id_cliente_servico\": 2}', null, $1, null, $2)";
    for (requested_by, traceparent, wrong) in [
        ("x".repeat(200), "y".repeat(64), false),
        ("x".repeat(201), String::new(), true),
        (String::new(), "y".repeat(65), true),
    ] {
        let stored: Result<Uuid, _> =
            sqlx::query_scalar(call).bind(requested_by).bind(traceparent).fetch_one(&mut conn).await;
        assert_eq!(stored.is_err(), wrong);
    }
    let long = "x".repeat(201);
    for column in ["requested_by", "traceparent", "dedup_id"] {
        let insert = format!(
            "insert into enlace.outbox (kind, payload, {column}) values ('bind', '{{\"id_porta_atendimento\": 1, \"id_cliente_servico\": 2}}', $1)"
        );
        let inserted = sqlx::query(sqlx::AssertSqlSafe(insert)).bind(&long).execute(&mut conn).await;
        assert!(inserted.is_err(), "a plain insert is bound, too: {column}");
    }
    let rows: i64 = sqlx::query_scalar("select count(*) from enlace.outbox").fetch_one(&mut conn).await.unwrap();
    assert_eq!(rows, 1);
}
