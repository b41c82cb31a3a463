//! The API as its callers meet it: over HTTP, on a port of its own, with a database of its own. No worker runs: where one
//! would have acted, its rows are written here.

mod acts;
mod discrepancies;
mod document;
mod events;
mod integrations;
mod network;
mod ops;
mod problems;
mod roles;
mod running;
mod schedules;
mod upstreams;
mod workflows;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use enlace::api::{self, ApiState, Limiter};
use enlace::desk::{
    Setup,
    connect::{Accounts, Stored, Unready},
    live::Hub,
};
use enlace::tokens::{self, Role};
use platforms::Platform;
use reqwest::{Client, Method, StatusCode};
use secrecy::{ExposeSecret, SecretBox};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::support::Db;

/// An API that answers, and a token of each role.
pub struct Api {
    pub db: Db,
    base: String,
    tokens: Vec<(Role, String)>,
    pub platform: Arc<Answering>,
    /// Stops what the API does beside answering.
    pub stop: CancellationToken,
    client: Client,
}

/// The key for credentials, also as `ENLACE_SECRET_KEY` takes it.
pub const KEY: [u8; 32] = [7; 32];

pub fn key() -> Arc<mapping::secrets::SecretKey> {
    Arc::new(SecretBox::new(Box::new(KEY)))
}

/// An answer, read.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Api {
    pub async fn start() -> Self {
        let platform = Arc::new(Answering::default());
        Self::with(Db::new().await, Arc::clone(&platform) as _, platform).await
    }

    /// The same, where *test* asks the platforms themselves, and waits for them only briefly.
    pub async fn on_platforms() -> Self {
        let db = Db::new().await;
        let quick = Duration::from_secs(4);
        let timeouts = platforms::http::Timeouts { quick, body: quick, ..Default::default() };
        let options = platforms::Options { allow_private: true, timeouts, ..Default::default() };
        let stored = Stored { pool: db.pool(), key: key(), options };
        Self::with(db, Arc::new(stored), Arc::default()).await
    }

    async fn with(db: Db, accounts: Arc<dyn Accounts>, platform: Arc<Answering>) -> Self {
        let setup = Setup { key: key(), plain_http: true, accounts };
        let stop = CancellationToken::new();
        let live = Hub::start(db.pool(), stop.clone());
        let limiter = Limiter::default();
        let base = serve(api::router(ApiState { limiter, ..ApiState::new(db.pool(), setup, live) })).await;
        let mut tokens = Vec::new();
        for role in [Role::Enqueue, Role::Viewer, Role::Operator, Role::Admin] {
            tokens.push((role, token(&db.pool(), role, &role.to_string()).await));
        }
        Self { db, base, tokens, platform, stop, client: client() }
    }

    pub fn token(&self, role: Role) -> &str {
        self.tokens.iter().find(|(one, _)| *one == role).map(|(_, token)| token.as_str()).unwrap()
    }

    /// Any request at all.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}/api/v1{path}", self.base))
    }

    pub async fn call(&self, role: Role, method: Method, path: &str, body: Option<Value>) -> Answer {
        let request = self.request(method, path).bearer_auth(self.token(role));
        answer(body.iter().fold(request, |request, body| request.json(body))).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Role::Admin, Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Role::Admin, Method::POST, path, Some(body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.call(Role::Admin, Method::PUT, path, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call(Role::Admin, Method::PATCH, path, Some(body)).await
    }

    /// Starts a bind; its id.
    pub async fn bind(&self, port: i64, service: i64) -> Uuid {
        let body =
            json!({ "kind": "bind", "payload": { "id_porta_atendimento": port, "id_cliente_servico": service } });
        self.post("/workflows", body).await.expect(202).id()
    }

    /// Creates an integration of GeoGrid; its id.
    pub async fn integration(&self) -> i64 {
        self.post("/integrations", geogrid()).await.expect(201).body["id"].as_i64().unwrap()
    }
}

impl Answer {
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    /// A problem document of this status and sort, which blames this field.
    #[track_caller]
    pub fn refused(self, status: u16, sort: &str, field: Option<&str>) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(self.body["type"], format!("urn:enlace:problem:{sort}"));
        assert_eq!(self.body["status"], status);
        assert_eq!(self.body["field"].as_str(), field, "{}", self.body);
        // For people, in both languages; a page says what to do.
        for text in ["title", "title_pt", "detail", "detail_pt"] {
            assert!(self.body[text].as_str().is_some_and(|text| !text.is_empty()), "no {text}: {}", self.body);
        }
        assert_eq!(self.body["help"], format!("/api/v1/problems/{sort}"));
        self
    }

    pub fn id(&self) -> Uuid {
        self.body["id"].as_str().unwrap().parse().unwrap()
    }

    pub fn detail(&self) -> &str {
        self.body["detail"].as_str().unwrap()
    }

    /// The ids of a list's items.
    pub fn ids(&self) -> Vec<Uuid> {
        self.body["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["id"].as_str().unwrap().parse().unwrap())
            .collect()
    }
}

pub fn geogrid() -> Value {
    json!({ "platform": "geogrid", "name": "GeoGrid Centro",
        "parameters": { "api_url": "https://painel.example/api", "token": "t0k3n-secreto" } })
}

pub async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Answer { status, headers, body }
}

pub fn client() -> Client {
    // Fails only where another test was faster with the same one.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    Client::new()
}

/// Serves until the test ends; where.
pub async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    base
}

pub async fn token(pool: &PgPool, role: Role, name: &str) -> String {
    tokens::create(pool, role, name).await.unwrap().1.expose_secret().to_owned()
}

/// Makes a workflow taken in, standing like this.
pub async fn stands(pool: &PgPool, id: Uuid, status: &str) {
    let parked = (status == "parked").then_some("rejected");
    let sql = "insert into enlace.run (id, position, kind, version, lane, status, state, due_at, parked, error)
               select id, seq, kind, 1, 1, $2, 'requested', enlace.now(), $3, '{\"message\": \"porta ocupada\"}'
               from enlace.outbox where id = $1";
    sqlx::query(sql).bind(id).bind(status).bind(parked).execute(pool).await.unwrap();
    taken_in(pool).await;
}

/// Makes a workflow ended.
pub async fn ended(pool: &PgPool, id: Uuid, status: &str, result: Value) {
    let sql = "insert into enlace.finished (id, kind, version, status, state, result)
               select id, kind, 1, $2, 'bound', $3 from enlace.outbox where id = $1";
    sqlx::query(sql).bind(id).bind(status).bind(result).execute(pool).await.unwrap();
    taken_in(pool).await;
}

/// Moves the intake's mark to the newest row.
async fn taken_in(pool: &PgPool) {
    let sql = "insert into enlace.intake
               select (select max(id) + 1 from enlace.intake), (select max(seq) from enlace.outbox), '{}', '{}'";
    sqlx::query(sql).execute(pool).await.unwrap();
}

/// Accounts whose *test* answers as a test wants it to.
#[derive(Default)]
pub struct Answering {
    pub failure: Mutex<Option<platforms::Failure>>,
}

#[async_trait]
impl Accounts for Answering {
    async fn of(&self, _: i64) -> Result<Arc<dyn Platform>, Unready> {
        let failure = self.failure.lock().unwrap().clone();
        Ok(Arc::new(platform::Testing { failure }))
    }
}

mod platform {
    use super::async_trait;
    use platforms::*;

    /// A platform that can be tested and nothing else.
    pub struct Testing {
        pub failure: Option<Failure>,
    }

    #[async_trait]
    impl Platform for Testing {
        async fn test(&self) -> Result<Tested, Failure> {
            self.failure.clone().map_or_else(|| Ok(Tested { projects: vec!["Centro".to_owned()] }), Err)
        }
        async fn boxes(&self, _: Option<&str>) -> Result<Page<BoxElement>, Failure> {
            unreachable!()
        }
        async fn splitters(&self, _: Option<&str>) -> Result<Page<SplitterElement>, Failure> {
            unreachable!()
        }
        async fn poles(&self, _: Option<&str>) -> Result<Page<PoleElement>, Failure> {
            unreachable!()
        }
        async fn cables(&self, _: Option<&str>) -> Result<Page<CableElement>, Failure> {
            unreachable!()
        }
        async fn occupants(&self, _: Option<&str>) -> Result<Page<OccupantElement>, Failure> {
            unreachable!()
        }
        async fn look_at_port(&self, _: &PortAddress) -> Result<Occupancy, Failure> {
            unreachable!()
        }
        async fn seats_of(&self, _: &str) -> Result<Vec<Seat>, Failure> {
            unreachable!()
        }
        async fn attach(&self, _: &PortAddress, _: &CustomerToAttach, _: &[Seat]) -> Result<(), Failure> {
            unreachable!()
        }
        async fn detach(&self, _: &Seat, _: Detach) -> Result<(), Failure> {
            unreachable!()
        }
    }
}

/// Statuses that mean: the caller may do this.
pub fn allowed(status: u16) -> bool {
    !matches!(StatusCode::from_u16(status).unwrap(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}
