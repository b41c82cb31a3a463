//! Simulated cities of any platform, integrations with them, and a HubSoft that knows who lives there.

use engine::upstream::{Limits, limit};
use mapping::integrations::{self, Edit, Keeper, New, ProjectChoice};
use platforms::Given;
use secrecy::SecretBox;
use serde_json::{Value, json};
use simulators::{people, server::Desk};
use sqlx::PgPool;
use tokio::net::TcpListener;

/// What closes the credentials; [`super::isp::KEY`] says the same.
fn key() -> SecretBox<[u8; 32]> {
    let bytes: Vec<u8> = (0..32).collect();
    SecretBox::new(Box::new(<[u8; 32]>::try_from(bytes).unwrap()))
}

/// Serves a simulated platform; its address.
pub async fn served(desk: &Desk) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let desk = desk.clone();
    tokio::spawn(async move { desk.serve(listener).await });
    url
}

/// Everything that can be synced.
pub const ALL: [&str; 4] = ["box", "splitter", "pole", "cable"];
/// What customers sit on, and what that is in.
pub const NETWORK: [&str; 2] = ["box", "splitter"];

/// An integration of that platform, of this name, with a new project and these elements chosen.
pub async fn integrate(
    pool: &PgPool,
    platform: &str,
    (name, project): (&str, &str),
    given: Given,
    elements: &[&str],
) -> i64 {
    let key = key();
    let new = New {
        platform: platform.to_owned(),
        name: name.to_owned(),
        parameters: given,
        settings: Default::default(),
        elements: elements.iter().map(|kind| (*kind).to_owned()).collect(),
    };
    let mut tx = pool.begin().await.unwrap();
    let id = integrations::create(&mut tx, Keeper { key: &key, plain_http: true }, &new).await.unwrap();
    integrations::set_project(&mut tx, id, &ProjectChoice::New(project.to_owned())).await.unwrap();
    tx.commit().await.unwrap();
    id
}

/// The parameters of an integration, from a JSON object.
pub fn given(parameters: Value) -> Given {
    parameters.as_object().unwrap().clone()
}

/// The integration takes so many calls a second from now on.
pub async fn limited(pool: &PgPool, integration: i64, rate: Option<f64>) {
    let mut conn = pool.acquire().await.unwrap();
    limit(&mut conn, &format!("integration:{integration}"), Limits { rate, concurrency: None }).await.unwrap();
}

/// The integration is at another address from now on.
pub async fn moved(pool: &PgPool, integration: i64, url: &str) {
    let mut tx = pool.begin().await.unwrap();
    let edit = Edit { name: None, parameters: given(json!({ "api_url": url })), settings: Default::default() };
    let key = key();
    integrations::edit(&mut tx, Keeper { key: &key, plain_http: true }, integration, &edit).await.unwrap();
    tx.commit().await.unwrap();
}

/// HubSoft knows the first so many made-up people, and one type of order takes equipment out.
pub async fn hubsoft(pool: &PgPool, people: u32) {
    for n in 0..people {
        sqlx::query(
            "with customer as (
               insert into hubsoft.customer (id_cliente, codigo_cliente, nome_razaosocial, cpf_cnpj, tipo_pessoa)
               values ($1 + 1, ($1 + 1)::text, $2, $3, 'pf') returning id_cliente)
             insert into hubsoft.customer_service (id_cliente_servico, id_cliente, numero_plano, descricao, status_prefixo)
             select 1000 + $1, id_cliente, 1, 'Fibra', 'servico_habilitado' from customer",
        )
        .bind(i64::from(n))
        .bind(people::name(u64::from(n)))
        .bind(people::cpf(u64::from(n)))
        .execute(pool)
        .await
        .unwrap();
    }
    sqlx::query("insert into hubsoft.service_order_type (id_tipo_ordem_servico, descricao, retirada) values (1, 'RETIRADA', true)")
        .execute(pool)
        .await
        .unwrap();
}
