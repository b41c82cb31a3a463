//! What people come to the console for, each in a real browser on the whole product with a simulated platform, and each
//! ending with a look at the database or the platform.

use std::time::Duration;

use enlace::tokens::Role;
use serde_json::json;

use super::browser::journey;
use crate::{
    api,
    support::{
        Process,
        isp::{Isp, ends, hubsoft_sets},
    },
};

/// The product over a small synced city, and a token of each role.
struct Office {
    isp: Isp,
    base: String,
    _serving: Process,
}

impl Office {
    async fn open() -> Self {
        let isp = Isp::new(12).await;
        let mut serving = isp.serve(&["serve"]);
        let base = serving.says("api ").await;
        isp.sync().await;
        Self { isp, base, _serving: serving }
    }

    async fn token(&self, role: Role) -> String {
        api::token(&self.isp.db.pool(), role, &format!("Ana ({role})")).await
    }
}

#[tokio::test]
async fn each_role_signs_in_in_both_languages_and_themes_on_a_phone_and_by_keyboard_alone() {
    let office = Office::open().await;
    let ports = office.isp.ports(1).await;
    let service = office.isp.idle_services(1).await[0];
    let id = hubsoft_sets(&office.isp.db.pool(), ports[0].0, Some(service)).await.unwrap();
    ends(&office.isp.db.pool(), id, "succeeded", Duration::from_secs(60)).await;
    let tokens = json!({
        "viewer": office.token(Role::Viewer).await,
        "operator": office.token(Role::Operator).await,
        "admin": office.token(Role::Admin).await,
    });
    journey("signing_in", &office.base, json!({ "tokens": tokens })).await;
    let left: i64 =
        sqlx::query_scalar("select count(*) from enlace.session").fetch_one(&office.isp.db.pool()).await.unwrap();
    assert_eq!(left, 0, "each of them signed out");
}
