//! A server by hand: it answers as a closure says, and can do to a connection what no proper server does.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    /// Path and query, still encoded.
    pub path: String,
    pub authorization: Option<String>,
    pub body: String,
}

impl Seen {
    pub fn is(&self, method: &str, path: &str) -> bool {
        self.method == method && self.path.split('?').next() == Some(path)
    }

    /// A value of the query.
    pub fn query(&self, name: &str) -> Option<String> {
        let url = url::Url::parse(&format!("http://h{}", self.path)).unwrap();
        url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

/// What is done with a request.
pub enum Reply {
    /// An answer.
    Status(u16, String),
    /// An answer with more headers.
    With(u16, &'static str, String),
    /// An answer with status 200, after so long.
    Late(Duration, String),
    /// These bytes and no more; then the connection is closed.
    Raw(&'static str),
    /// The connection is reset.
    Reset,
    /// Nothing, ever.
    Hang,
}

impl Reply {
    pub fn json(status: u16, body: Value) -> Self {
        Self::Status(status, body.to_string())
    }
}

/// A running server.
pub struct Canned {
    /// `http://127.0.0.1:…`
    pub url: String,
    pub port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Canned {
    pub async fn serving(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (script, log) = (Arc::new(script), seen.clone());
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(converse(socket, script.clone(), log.clone()));
            }
        });
        Self { url: format!("http://127.0.0.1:{port}"), port, seen }
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub fn count(&self, method: &str) -> usize {
        self.seen().iter().filter(|s| s.method == method).count()
    }
}

async fn converse(
    mut socket: TcpStream,
    script: Arc<impl Fn(&Seen) -> Reply>,
    log: Arc<Mutex<Vec<Seen>>>,
) -> Option<()> {
    loop {
        let seen = read(&mut socket).await?;
        log.lock().unwrap().push(seen.clone());
        let (status, headers, body) = match script(&seen) {
            Reply::Status(status, body) => (status, "", body),
            Reply::With(status, headers, body) => (status, headers, body),
            Reply::Late(after, body) => {
                tokio::time::sleep(after).await;
                (200, "", body)
            }
            Reply::Raw(bytes) => return socket.write_all(bytes.as_bytes()).await.ok(),
            Reply::Reset => return socket.set_zero_linger().ok(),
            Reply::Hang => std::future::pending().await,
        };
        let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
        socket.write_all(head.as_bytes()).await.ok()?;
        socket.write_all(body.as_bytes()).await.ok()?;
    }
}

async fn read(socket: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break end;
        }
        bytes.push(socket.read_u8().await.ok()?);
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let header = |name: &str| {
        let mut pairs = head.lines().filter_map(|line| line.split_once(':'));
        pairs.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
    };
    let mut body = vec![0; header("content-length").and_then(|n| n.parse().ok()).unwrap_or(0)];
    socket.read_exact(&mut body).await.ok()?;
    let mut words = head.split(' ').map(str::to_owned);
    Some(Seen {
        method: words.next()?,
        path: words.next()?,
        authorization: header("authorization"),
        body: String::from_utf8(body).ok()?,
    })
}
