//! HTTP for any simulated platform: plain connections that can be cut, faults, the journal, and a face of its own under
//! `/_simulator`, outside the platform's paths, that neither asks for credentials nor is struck by faults.
//!
//! | call | meaning |
//! | --- | --- |
//! | `GET /_simulator/occupied` | all held ports: `[{splitter, port, code, property}]` |
//! | `GET /_simulator/state?port=SPLITTER:NUMBER` | one port: the same object, or null when free |
//! | `GET /_simulator/calls?after=SEQ` | `{calls: […], routes: {route: count}}` |
//! | `GET /_simulator/faults` | the faults in force and what is left of them |
//! | `POST /_simulator/faults?mode=append\|replace` | more faults (default), or these and no others |
//! | `DELETE /_simulator/faults` | none |

use crate::faults::{Effect, Fault, Faults};
use crate::journal::{Call, Journal};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Response, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::future::{Future, pending};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A call, read to its end.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: String,
    /// Without the query.
    pub path: String,
    /// Decoded pairs.
    pub query: Vec<(String, String)>,
    /// The header `Authorization`.
    pub authorization: Option<String>,
    /// The header `api-key`.
    pub api_key: Option<String>,
    /// Calls may carry a body whatever their method.
    pub body: Bytes,
}

impl Request {
    /// The first value of a query parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Empty for 204.
    pub body: Vec<u8>,
    /// Whether the body is JSON; else it is plain text.
    pub json: bool,
    /// The header `Retry-After`.
    pub retry_after_seconds: Option<u64>,
    /// What the call changed on the ports; for the journal, not for the caller.
    pub changes: Vec<PortChange>,
}

/// A customer who was plugged into a port, or pulled out of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PortChange {
    /// The platform's id of the splitter.
    pub splitter: String,
    /// Counts from 1.
    pub port: u32,
    /// The customer's code; `None` for a home without a customer.
    pub code: Option<String>,
    /// Plugged in; else pulled out.
    pub plugged: bool,
}

impl Reply {
    /// A JSON answer.
    pub fn json(status: u16, body: &impl Serialize) -> Reply {
        let body = serde_json::to_vec(body).unwrap_or_default();
        Reply { status, body, json: true, retry_after_seconds: None, changes: Vec::new() }
    }

    /// A plain text.
    pub fn text(status: u16, body: &str) -> Reply {
        Reply { status, body: body.as_bytes().to_vec(), json: false, retry_after_seconds: None, changes: Vec::new() }
    }

    /// Nothing but a status.
    pub fn empty(status: u16) -> Reply {
        Reply::text(status, "")
    }

    fn of_value(status: u16, body: Option<Value>) -> Reply {
        match body {
            None => Reply::empty(status),
            Some(Value::String(text)) => Reply::text(status, &text),
            Some(value) => Reply::json(status, &value),
        }
    }
}

/// A held port, for comparing with what HubSoft believes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Occupied {
    /// The platform's id of the splitter.
    pub splitter: String,
    /// Counts from 1.
    pub port: u32,
    /// The customer's code; `None` where a home without a customer holds the port.
    pub code: Option<String>,
    /// The platform's id of the home.
    pub property: String,
}

/// A simulated platform: everything behind its HTTP. Calls come one at a time or together; it keeps order itself.
pub trait Platform: Send + Sync + 'static {
    /// Does what is asked and answers.
    fn answer(&self, request: &Request) -> Reply;
    /// How it says that the credentials are not good.
    fn unauthorised(&self) -> Reply;
    /// A page without rows.
    fn empty_list(&self, request: &Request) -> Reply;
    /// All held ports, in order of splitter and port.
    fn occupied(&self) -> Vec<Occupied>;
    /// Who holds one port.
    fn holder(&self, splitter: &str, port: u32) -> Option<Occupied>;
}

/// A platform with its faults and its journal; cheap to clone, all clones are one.
#[derive(Clone)]
pub struct Desk {
    platform: Arc<dyn Platform>,
    faults: Arc<Mutex<Faults>>,
    journal: Arc<Mutex<Journal>>,
}

/// What becomes of a call: an answer, or a connection that is cut.
enum Outcome {
    Answered(Reply),
    Cut,
}

#[derive(Debug)]
struct CutOff;

impl std::fmt::Display for CutOff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection is cut on purpose")
    }
}

impl std::error::Error for CutOff {}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Desk {
    /// A platform with faults whose chance comes from this seed.
    pub fn new(platform: Arc<dyn Platform>, seed: u64, faults: Vec<Fault>) -> Desk {
        let faults = Arc::new(Mutex::new(Faults::new(seed, faults)));
        Desk { platform, faults, journal: Arc::default() }
    }

    /// All held ports, in order of splitter and port.
    pub fn occupied(&self) -> Vec<Occupied> {
        self.platform.occupied()
    }

    /// Who holds a port (counted from 1), if anybody.
    pub fn holder(&self, splitter: &str, port: u32) -> Option<Occupied> {
        self.platform.holder(splitter, port)
    }

    /// The calls that are kept, with a number above `after`.
    pub fn calls(&self, after: u64) -> Vec<Call> {
        lock(&self.journal).since(after)
    }

    /// How many calls each route had: `GET /api/v2/boxes/:id`.
    pub fn routes(&self) -> BTreeMap<String, u64> {
        lock(&self.journal).routes().clone()
    }

    /// The faults in force and what is left of them.
    pub fn faults(&self) -> Vec<Fault> {
        lock(&self.faults).list().to_vec()
    }

    /// Adds a fault behind those in force.
    pub fn add_fault(&self, fault: Fault) {
        lock(&self.faults).append(vec![fault]);
    }

    /// These faults and no others.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        lock(&self.faults).replace(faults);
    }

    /// Serves until dropped; then all its connections are dropped too, as when a platform goes away.
    pub async fn serve(&self, listener: TcpListener) -> std::io::Result<()> {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    // A peer that left before it was accepted, or a passing shortage of descriptors, ends nothing.
                    let Ok((stream, _)) = accepted else { tokio::task::yield_now().await; continue };
                    connections.spawn(self.clone().attend(stream));
                }
                Some(_) = connections.join_next() => {}
            }
        }
    }

    /// Serves until `stop` resolves.
    pub async fn serve_until(&self, listener: TcpListener, stop: impl Future<Output = ()>) -> std::io::Result<()> {
        tokio::select! { ended = self.serve(listener) => ended, () = stop => Ok(()) }
    }

    async fn attend(self, stream: TcpStream) {
        // Answers are written whole; waiting to fill a packet would only add 40 ms to each.
        let _ = stream.set_nodelay(true);
        let service = service_fn(|request| self.respond(request));
        let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        if (&mut connection).await.is_err() {
            // Closing with nothing to linger for makes the kernel send RST instead of FIN.
            let _ = connection.into_parts().io.into_inner().set_zero_linger();
        }
    }

    async fn respond(&self, incoming: hyper::Request<Incoming>) -> Result<Response<Full<Bytes>>, CutOff> {
        let request = read(incoming).await.ok_or(CutOff)?;
        match self.outcome(request).await {
            Outcome::Answered(reply) => Ok(written(reply)),
            Outcome::Cut => Err(CutOff),
        }
    }

    async fn outcome(&self, (request, path_and_query): (Request, String)) -> Outcome {
        if let Some(face) = request.path.strip_prefix("/_simulator/") {
            return Outcome::Answered(self.own_face(face, &request));
        }
        let effect = lock(&self.faults).strike(&request.method, &path_and_query);
        let seq = lock(&self.journal).arrive(&request.method, &path_and_query, effect.as_ref().map(Effect::name));
        let outcome = self.struck(effect, &request, seq).await;
        let status = match &outcome {
            Outcome::Answered(reply) => reply.status.to_string(),
            Outcome::Cut => "reset".to_owned(),
        };
        lock(&self.journal).end(seq, status);
        outcome
    }

    async fn struck(&self, effect: Option<Effect>, request: &Request, seq: u64) -> Outcome {
        let platform = &self.platform;
        let answer = || {
            let reply = platform.answer(request);
            lock(&self.journal).changed(seq, reply.changes.clone());
            reply
        };
        Outcome::Answered(match effect {
            None => answer(),
            Some(Effect::Status { status, body, retry_after_seconds }) => {
                Reply { retry_after_seconds, ..Reply::of_value(status, body) }
            }
            Some(Effect::Delay(milliseconds)) => {
                let reply = answer();
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                reply
            }
            Some(Effect::Hang) => return self.hang(seq).await,
            Some(Effect::HangAfter) => {
                answer();
                return self.hang(seq).await;
            }
            Some(Effect::ResetBefore) => return Outcome::Cut,
            Some(Effect::ResetAfter) => {
                answer();
                return Outcome::Cut;
            }
            Some(Effect::Unauthorised) => platform.unauthorised(),
            Some(Effect::Throttled(seconds)) => {
                Reply { retry_after_seconds: Some(seconds), ..Reply::text(429, "Too Many Requests") }
            }
            Some(Effect::EmptyList) => platform.empty_list(request),
        })
    }

    async fn hang(&self, seq: u64) -> Outcome {
        lock(&self.journal).end(seq, "hang".to_owned());
        pending().await
    }

    fn own_face(&self, face: &str, request: &Request) -> Reply {
        match (request.method.as_str(), face) {
            ("GET", "occupied") => Reply::json(200, &self.occupied()),
            ("GET", "state") => self.state(request),
            ("GET", "calls") => {
                let after = request.parameter("after").and_then(|after| after.parse().ok()).unwrap_or(0);
                Reply::json(200, &json!({ "calls": self.calls(after), "routes": self.routes() }))
            }
            ("GET", "faults") => Reply::json(200, &self.faults()),
            ("POST", "faults") => self.take_faults(request),
            ("DELETE", "faults") => {
                self.set_faults(Vec::new());
                Reply::empty(204)
            }
            _ => Reply::json(404, &json!({ "message": "nothing here: see the documentation of simulators::server" })),
        }
    }

    fn state(&self, request: &Request) -> Reply {
        let asked = request.parameter("port").and_then(|port| port.rsplit_once(':'));
        match asked.map(|(splitter, port)| (splitter, port.parse())) {
            Some((splitter, Ok(port))) => Reply::json(200, &self.holder(splitter, port)),
            _ => Reply::json(400, &json!({ "message": "port=SPLITTER:NUMBER" })),
        }
    }

    fn take_faults(&self, request: &Request) -> Reply {
        match crate::faults::parse(&request.body) {
            Ok(faults) if request.parameter("mode") == Some("replace") => self.set_faults(faults),
            Ok(faults) => lock(&self.faults).append(faults),
            Err(error) => return Reply::json(400, &json!({ "message": error.to_string() })),
        }
        Reply::json(200, &self.faults())
    }
}

/// Reads a call whole; `None` when its sender left in the middle.
async fn read(incoming: hyper::Request<Incoming>) -> Option<(Request, String)> {
    let (head, body) = incoming.into_parts();
    let body = body.collect().await.ok()?.to_bytes();
    let query = head.uri.query().unwrap_or_default();
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let path_and_query = head.uri.path_and_query().map_or_else(String::new, ToString::to_string);
    let request = Request {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        authorization: header("authorization"),
        api_key: header("api-key"),
        body,
    };
    Some((request, path_and_query))
}

fn written(reply: Reply) -> Response<Full<Bytes>> {
    let kind = if reply.json { "application/json; charset=utf-8" } else { "text/plain; charset=utf-8" };
    let mut answer = Response::builder().status(reply.status);
    if !reply.body.is_empty() {
        answer = answer.header("content-type", kind);
    }
    if let Some(seconds) = reply.retry_after_seconds {
        answer = answer.header("retry-after", seconds);
    }
    answer.body(Full::new(Bytes::from(reply.body))).unwrap_or_default()
}
