//! The OZMap adapter over real sockets: against a server by hand that misbehaves on purpose, against one of the oldest
//! kind that the fact sheet allows, and against the simulator.

pub mod canned;
mod city;
mod credentials;
mod faults;
mod old_server;
mod others;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use platforms::http::Timeouts;
use platforms::ozmap::{OzMap, Parameters, connect};
use platforms::{Call, CallObserver, CustomerToAttach, Failure, FailureKind, Options, Page, Place, PortAddress, Seat};

const KEY: &str = "key-0f1e2d3c";
const PASSWORD: &str = "s3nha-muito-secreta";

/// Keeps what an operator would see.
#[derive(Default)]
pub struct History(Mutex<Vec<Call>>);

impl CallObserver for History {
    fn called(&self, call: Call) {
        self.0.lock().unwrap().push(call);
    }
}

impl History {
    /// The calls so far, as `METHOD path status`.
    pub fn lines(&self) -> Vec<String> {
        let calls = self.0.lock().unwrap();
        let status = |c: &Call| c.status.map_or("-".to_owned(), |s| s.to_string());
        calls.iter().map(|c| format!("{} {} {}", c.method, c.path, status(c))).collect()
    }

    /// How many calls changed something.
    pub fn writes(&self) -> usize {
        self.lines().iter().filter(|l| !l.starts_with("GET ") && !l.contains("/users/login")).count()
    }
}

/// An account at this address, with its history; times are short enough to wait for.
pub fn account(api_url: &str) -> (OzMap, Arc<History>) {
    account_with(parameters(api_url), true).unwrap()
}

pub fn parameters(api_url: &str) -> Parameters {
    Parameters {
        api_url: api_url.to_owned(),
        api_chave: KEY.into(),
        usuario: "enlace".to_owned(),
        senha: PASSWORD.into(),
        nome_projeto: None,
    }
}

pub fn account_with(parameters: Parameters, allow_private: bool) -> Result<(OzMap, Arc<History>), Failure> {
    let history = Arc::new(History::default());
    let quick = Duration::from_millis(300);
    let timeouts = Timeouts { quick, body: quick, ..Timeouts::default() };
    let options = Options { allow_private, timeouts, ..Options::default() };
    Ok((connect(parameters, options, history.clone())?, history))
}

pub fn port(box_id: &str, splitter: &str, sequencia: i32) -> PortAddress {
    PortAddress {
        box_external_id: box_id.to_owned(),
        splitter_external_id: splitter.to_owned(),
        sequencia,
        port_external_id: None,
        place: Some(Place { latitude: -27.5, longitude: -48.5 }),
    }
}

pub fn customer(code: &str) -> CustomerToAttach {
    CustomerToAttach { code: code.to_owned(), name: "Ana Lúcia Prado".to_owned(), document: None, place: None }
}

pub fn seat(property: &str) -> Seat {
    Seat {
        external_id: property.to_owned(),
        code: None,
        customer_external_id: None,
        drop_external_id: None,
        splitter_external_id: None,
        sequencia: None,
    }
}

/// The failure's kind and code.
pub fn told<T>(outcome: Result<T, Failure>) -> (FailureKind, &'static str) {
    match outcome {
        Ok(_) => panic!("it was done"),
        Err(failure) => (failure.kind, failure.code),
    }
}

/// All pages of a listing; each goes on from where the one before stored it.
pub async fn all<T>(mut page: impl AsyncFnMut(Option<String>) -> Result<Page<T>, Failure>) -> Vec<T> {
    let (mut items, mut cursor) = (Vec::new(), None);
    loop {
        let read = page(cursor).await.unwrap();
        items.extend(read.items);
        cursor = read.next;
        if cursor.is_none() {
            return items;
        }
    }
}
