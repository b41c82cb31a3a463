//! A collector of traces: takes OTLP over HTTP as it comes, and has it decoded by code that is not ours.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::{Arc, Mutex};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, routing::post};
use serde::Deserialize;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::support::{Folder, python, tree};

/// What arrived, undecoded.
#[derive(Clone, Default)]
pub struct Collector {
    pub url: String,
    taken: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
}

/// A span, as the official package decodes it.
#[derive(Clone, Debug, Deserialize)]
pub struct Span {
    pub service: String,
    pub trace: String,
    pub id: String,
    pub parent: String,
    pub name: String,
    pub kind: i32,
    pub began: u64,
    pub ended: u64,
    pub status: i32,
    pub attributes: BTreeMap<String, Value>,
}

/// As the protocol numbers them.
pub const ERROR: i32 = 2;
pub const SERVER: i32 = 2;
pub const CLIENT: i32 = 3;

impl Span {
    /// An attribute as text.
    pub fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

impl Collector {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let collector = Self { url: format!("http://{}", listener.local_addr().unwrap()), ..Self::default() };
        let app = Router::new().route("/v1/traces", post(take)).with_state(collector.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        collector
    }

    /// Every byte that arrived.
    pub fn bytes(&self) -> Vec<u8> {
        self.taken.lock().unwrap().iter().flat_map(|(_, body)| body.to_vec()).collect()
    }

    /// The headers of every request.
    pub fn headers(&self) -> Vec<HeaderMap> {
        self.taken.lock().unwrap().iter().map(|(headers, _)| headers.clone()).collect()
    }

    /// Every span that arrived, in order of beginning.
    pub fn spans(&self) -> Vec<Span> {
        let folder = Folder::new();
        let taken = self.taken.lock().unwrap().clone();
        let files = taken.iter().enumerate().map(|(n, (_, body))| {
            let file = folder.path().join(n.to_string());
            std::fs::write(&file, body).unwrap();
            file
        });
        let script = tree::root().join("tests/telemetry/decode.py");
        let output = Command::new(python::interpreter()).arg(script).args(files).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut spans: Vec<Span> = serde_json::from_slice(&output.stdout).unwrap();
        spans.sort_by_key(|span| (span.began, span.ended));
        spans
    }
}

async fn take(State(collector): State<Collector>, headers: HeaderMap, body: Bytes) {
    collector.taken.lock().unwrap().push((headers, body));
}
