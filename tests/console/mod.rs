//! The console: over HTTP as a program would ask it, and in a real browser as people use it ([`journeys`]).

mod audit;
mod browser;
mod differences;
mod doors;
mod integrations;
mod journeys;
mod map;
pub mod network;
mod overview;
mod roles;
mod words;
mod work;

use std::sync::Arc;

use enlace::{
    console::{self, ConsoleState},
    desk::{Setup, live::Hub},
    tokens::Role,
};
use reqwest::{Method, header, redirect::Policy};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::{api, support::Db};

/// A console that answers, with a database of its own and no worker.
pub struct Console {
    pub db: Db,
    base: String,
    client: reqwest::Client,
}

/// Somebody who is signed in, as their browser knows it.
pub struct Person<'a> {
    console: &'a Console,
    cookie: String,
    csrf: String,
}

/// A page, or where it sends to.
#[derive(Debug)]
pub struct Shown {
    pub status: u16,
    pub headers: header::HeaderMap,
    pub body: String,
}

impl Console {
    pub async fn start() -> Self {
        Self::over(Db::new().await).await
    }

    /// Over a database that is there already.
    pub async fn over(db: Db) -> Self {
        let setup = Setup { key: api::key(), plain_http: true, accounts: Arc::new(api::Answering::default()) };
        let live = Hub::start(db.pool(), CancellationToken::new());
        let base = api::serve(console::router(ConsoleState::new(db.pool(), setup, live))).await;
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
        Self { db, base, client }
    }

    pub fn pool(&self) -> PgPool {
        self.db.pool()
    }

    /// A request without any cookie.
    pub async fn anybody(&self, method: Method, path: &str, form: &[(&str, &str)]) -> Shown {
        shown(self.client.request(method, format!("{}{path}", self.base)), form).await
    }

    /// Signs in with a new token of this role.
    pub async fn sign_in(&self, role: Role) -> Person<'_> {
        let token = api::token(&self.pool(), role, &role.to_string()).await;
        let answer = self.anybody(Method::POST, "/login", &[("token", &token)]).await.expect(303);
        let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        let mut person = Person { console: self, cookie, csrf: String::new() };
        let page = person.get("/").await.expect(200);
        person.csrf = page.body.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        person
    }
}

impl Person<'_> {
    pub async fn get(&self, path: &str) -> Shown {
        self.ask(Method::GET, path, &[]).await
    }

    /// Sends a form of their own session.
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Shown {
        let carried = [("csrf", self.csrf.as_str())];
        self.ask(Method::POST, path, &[&carried, form].concat()).await
    }

    /// The same without what a form carries: as another site would.
    pub async fn forged(&self, path: &str, form: &[(&str, &str)]) -> Shown {
        self.ask(Method::POST, path, form).await
    }

    async fn ask(&self, method: Method, path: &str, form: &[(&str, &str)]) -> Shown {
        let request = self.console.client.request(method, format!("{}{path}", self.console.base));
        shown(request.header(header::COOKIE, &self.cookie), form).await
    }

    /// The same person with another cookie beside their session's.
    pub fn with(&self, cookie: &str) -> Person<'_> {
        Person { console: self.console, cookie: format!("{}; {cookie}", self.cookie), csrf: self.csrf.clone() }
    }
}

impl Shown {
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    #[track_caller]
    pub fn says(self, words: &str) -> Self {
        assert!(self.body.contains(words), "{words:?} is not on the page: {}", self.body);
        self
    }

    /// Where it sends the browser.
    pub fn goes_to(&self) -> &str {
        self.headers.get(header::LOCATION).map_or("", |to| to.to_str().unwrap())
    }
}

async fn shown(mut request: reqwest::RequestBuilder, form: &[(&str, &str)]) -> Shown {
    if !form.is_empty() {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(body);
    }
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Shown { status, headers, body: response.text().await.unwrap() }
}
