//! Personal data (rules P1, P2): planted everywhere, and looked for in everything that comes out.

mod everywhere;
mod forgotten;

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::api::{Api, ended};
use enlace::tokens::Role;
use reqwest::Method;

/// Nobody's name, whose parts occur nowhere else.
pub const NAME: &str = "Plantina Aparecida da Silva Sementeira";
/// Somebody whom the platform alone knows.
pub const STRANGER: &str = "Joaquino Trigueiro Lavrador";

/// What must not be read, in the forms in which people and programs write it.
pub const PLANTED: [&str; 13] = [
    "Plantina",
    "Sementeira",
    "Joaquino",
    "Trigueiro",
    "52998224725",
    "529.982.247-25",
    "11144477735",
    "111.444.777-35",
    "12ABC34501DE35",
    "99912-3456",
    "48999123456",
    "plantina@",
    "palavra-secreta",
];

/// Planted words that are in a text, whatever their case.
pub fn found(text: &str) -> Vec<&'static str> {
    let text = text.to_lowercase();
    PLANTED.into_iter().filter(|words| text.contains(&words.to_lowercase())).collect()
}

async fn looks(pool: &PgPool) -> Vec<(String, Value)> {
    let sql = "select person, before from enlace.act where act = 'looked' order by id";
    sqlx::query_as(sql).fetch_all(pool).await.unwrap()
}

// on every platform
#[tokio::test]
async fn p1_who_looks_at_people_in_full_is_written_down_and_nobody_else_sees_them() {
    let api = Api::start().await;
    let pool = api.db.pool();
    let (told, plain) = (api.bind(1, 2).await, api.bind(3, 4).await);
    ended(&pool, told, "succeeded", json!({ "theirs": { "name": NAME, "code": "52998224725" } })).await;
    ended(&pool, plain, "succeeded", json!({ "external_id": "p1" })).await;
    for role in [Role::Viewer, Role::Operator, Role::Enqueue] {
        let path = format!("/workflows/{told}?");
        for path in ["/workflows", path.trim_end_matches('?')] {
            let body = api.call(role, Method::GET, path, None).await.body.to_string();
            assert_eq!(found(&body), [""; 0], "{role} {path}");
        }
    }
    assert_eq!(looks(&pool).await, []);
    let seen = api.get("/workflows").await.expect(200).body.to_string();
    assert!(seen.contains(NAME) && seen.contains("52998224725"));
    api.get(&format!("/workflows/{plain}")).await.expect(200);
    let many = ("admin".to_owned(), json!({ "workflows": [told] }));
    assert_eq!(looks(&pool).await, std::slice::from_ref(&many), "what tells of nobody is not looked at");
    for _ in 0..2 {
        api.get(&format!("/workflows/{told}")).await.expect(200);
        api.get("/workflows").await.expect(200);
    }
    let one = ("admin".to_owned(), json!({ "workflow": told }));
    assert_eq!(looks(&pool).await, [many, one], "a look that goes on is one look");
    let audit =
        api.call(Role::Viewer, Method::GET, &format!("/acts?act=looked&workflow={told}"), None).await.expect(200);
    assert_eq!(
        (audit.body["items"][0]["person"].as_str(), found(&audit.body.to_string())),
        (Some("admin"), Vec::new())
    );
    let acts = api.get(&format!("/workflows/{told}")).await.body["acts"].clone();
    assert_eq!(acts[0]["act"], "looked", "{acts}");
    crate::support::toy::pass(&pool, std::time::Duration::from_secs(660)).await;
    api.get("/workflows").await.expect(200);
    assert_eq!(looks(&pool).await.len(), 3, "later it is another one");
}
