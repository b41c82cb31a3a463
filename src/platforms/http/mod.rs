//! Outbound HTTP for all adapters: one client per account, with bounded times and sizes, and every call reported.
//!
//! What an answer or its loss means for a read and for a write is decided in `outcome.rs` and `lost.rs`. Nothing is
//! ever repeated here, and no redirect is followed: a write must be made once, where it was meant to be made.

mod lost;
mod outcome;
mod words;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Client, Method, Response};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::time::{Instant, timeout, timeout_at};
use url::Url;

use crate::guard::{Guard, GuardedResolver, Names, SystemNames};
use crate::{Call, CallObserver, Failure, FailureKind, people};

use lost::Lost;
pub use outcome::Answer;
pub(crate) use outcome::not_the_api;

/// How long a connection may rest. Node's servers close theirs after 5 s: one that is closed while a write is being
/// sent on it would make that write's outcome unknown for nothing.
const IDLE: Duration = Duration::from_secs(4);
/// Of an answer that is not a success this much is read: its words are wanted, nothing else.
const WORDS_BYTES: usize = 64 * 1024;

/// What a call is for: decides how long and how much it may take, and what a lost answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A page of a sync: minutes to the first byte are normal, a body of many megabytes too.
    Page,
    /// A small listing that a look needs.
    Search,
    /// One element, a key check, a login.
    Look,
    /// Something is changed: a lost answer means that it may have been done.
    Write,
    /// A person is waiting (rule V5).
    Viability,
}

impl Purpose {
    /// How much of a successful answer's body is taken, in bytes.
    fn body_bytes(self) -> usize {
        const MIB: usize = 1024 * 1024;
        match self {
            Self::Page => 64 * MIB,
            Self::Search | Self::Viability => 16 * MIB,
            Self::Look | Self::Write => MIB,
        }
    }
}

/// How long calls may take. The defaults are the project's; tests shorten them.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// Until a connection stands, name look-up and TLS included.
    pub connect: Duration,
    /// Until a sync page's first byte.
    pub page: Duration,
    /// Until the first byte of a look or a write.
    pub quick: Duration,
    /// Until the first byte of an answer that a person is waiting for.
    pub viability: Duration,
    /// What a body may take after its first byte.
    pub body: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { connect: seconds(10), page: seconds(240), quick: seconds(20), viability: seconds(8), body: seconds(120) }
    }
}

impl Timeouts {
    fn first_byte(&self, purpose: Purpose) -> Duration {
        match purpose {
            Purpose::Page => self.page,
            Purpose::Search | Purpose::Look | Purpose::Write => self.quick,
            Purpose::Viability => self.viability,
        }
    }

    /// The whole call. A person waits no longer for a body than for its beginning.
    fn total(&self, purpose: Purpose) -> Duration {
        match purpose {
            Purpose::Viability => self.viability,
            other => self.first_byte(other) + self.body,
        }
    }
}

/// One call to be made.
#[derive(Clone, Debug)]
pub struct Ask {
    /// `GET`, `POST`, …
    pub method: Method,
    /// Where; of the account's own origin.
    pub url: Url,
    /// The JSON body, if any. OZMap takes one on `GET` too.
    pub body: Option<Value>,
    /// What for.
    pub purpose: Purpose,
}

/// One account's client.
pub struct Http {
    client: Client,
    guard: Guard,
    timeouts: Timeouts,
    observer: Arc<dyn CallObserver>,
    /// Never shown, even where the platform repeats them.
    secrets: Vec<SecretString>,
    /// How long a 429 that does not say for how long is taken to mean.
    pause: Option<Duration>,
    /// The same, of what the platform itself has given since: tokens.
    given: Mutex<Vec<SecretString>>,
}

impl Http {
    /// A client that obeys the guard and hides these secrets in whatever it quotes.
    pub fn new(
        guard: Guard,
        timeouts: Timeouts,
        secrets: Vec<SecretString>,
        observer: Arc<dyn CallObserver>,
    ) -> Result<Self, Failure> {
        Self::resolving(SystemNames, guard, timeouts, secrets, observer)
    }

    fn resolving(
        names: impl Names,
        guard: Guard,
        timeouts: Timeouts,
        secrets: Vec<SecretString>,
        observer: Arc<dyn CallObserver>,
    ) -> Result<Self, Failure> {
        // Fails where one is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = build(names, guard, timeouts).map_err(|e| no_client(&e))?;
        Ok(Self { client, guard, timeouts, observer, secrets, pause: None, given: Mutex::default() })
    }

    /// The same, for a platform whose 429 does not say for how long, but is known to mean so long.
    pub fn pausing(self, pause: Duration) -> Self {
        Self { pause: Some(pause), ..self }
    }

    /// Hides these too from now on, in place of those that this was told before: tokens come and go.
    pub fn hide_too(&self, given: impl Iterator<Item = SecretString>) {
        *self.given.lock().unwrap_or_else(PoisonError::into_inner) = given.collect();
    }

    /// Makes the call, once. Any complete answer is `Ok`, whatever its status: [`Answer::checked`] judges it.
    ///
    /// # Errors
    /// It may not be made now; or no complete answer came, which for a write that may have been sent is
    /// [`FailureKind::Unknown`].
    pub async fn send(&self, ask: &Ask, headers: HeaderMap) -> Result<Answer, Failure> {
        // An address by its number is asked of no resolver.
        self.guard.check(&ask.url, "api_url")?;
        let admitted = self.observer.admit().await?;
        let sent = self.send_once(ask, headers).await;
        match &sent {
            Ok(answer) if answer.status.is_success() => admitted.ended(None, true),
            Ok(answer) => admitted.ended(Some(&answer.failure()), true),
            Err(failure) => admitted.ended(Some(failure), false),
        }
        sent
    }

    async fn send_once(&self, ask: &Ask, headers: HeaderMap) -> Result<Answer, Failure> {
        let mut reported = Reported::begin(self.observer.as_ref(), ask);
        let deadline = Instant::now() + self.timeouts.total(ask.purpose);
        let mut request = self.client.request(ask.method.clone(), ask.url.clone()).headers(headers);
        if let Some(body) = &ask.body {
            request = request.json(body);
        }
        let failed = |lost: Lost| lost.failure(ask.purpose);
        let response = match timeout(self.timeouts.first_byte(ask.purpose), request.send()).await {
            Ok(response) => response.map_err(|e| failed(Lost::of(&e)))?,
            Err(_) => return Err(failed(Lost::NoAnswerInTime)),
        };
        reported.status = Some(response.status().as_u16());
        let read = self.finish(response, ask.purpose, deadline).await;
        read.map_err(failed)
    }

    /// Reads the body. A refusal counts whether or not its words arrive whole.
    async fn finish(&self, mut response: Response, purpose: Purpose, deadline: Instant) -> Result<Answer, Lost> {
        let success = response.status().is_success();
        let limit = if success { purpose.body_bytes() } else { WORDS_BYTES };
        let mut body = Vec::new();
        let read = match timeout_at(deadline, read_body(&mut response, &mut body, limit)).await {
            Ok(read) => read,
            Err(_) => Err(Lost::BodyNotInTime),
        };
        if success {
            read?;
        }
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let secrets = self.secrets.iter().chain(given.iter()).map(ExposeSecret::expose_secret);
        Ok(Answer::new(response.status(), response.headers(), body, purpose, secrets).or_pause(self.pause))
    }
}

/// For adapters that must know how old something is: the one clock of this crate.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// A header that is not shown when the request is printed. `None`: it has characters which no header may have.
pub fn secret_header(value: &SecretString) -> Option<HeaderValue> {
    let mut header = HeaderValue::from_str(value.expose_secret().trim()).ok()?;
    header.set_sensitive(true);
    Some(header)
}

fn build(names: impl Names, guard: Guard, timeouts: Timeouts) -> reqwest::Result<Client> {
    let builder = || {
        Client::builder()
            .user_agent(concat!("enlace/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(timeouts.connect)
            .pool_idle_timeout(IDLE)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            // A proxy would resolve names in our place, past the guard.
            .no_proxy()
            .referer(false)
            .dns_resolver(GuardedResolver(guard, names.clone()))
    };
    // A machine without root certificates can still speak plain http to its simulators.
    builder().build().or_else(|e| if guard.allow_private { builder().tls_certs_only([]).build() } else { Err(e) })
}

fn no_client(error: &reqwest::Error) -> Failure {
    tracing::error!(error = format!("{error:?}"), "no HTTPS client could be made");
    Failure::new(
        FailureKind::Misconfigured,
        "http.no_client",
        "não há certificados raiz neste servidor: instale o pacote ca-certificates",
        "this server has no root certificates: install the package ca-certificates",
    )
}

async fn read_body(response: &mut Response, body: &mut Vec<u8>, limit: usize) -> Result<(), Lost> {
    while let Some(chunk) = response.chunk().await.map_err(|_| Lost::BodyBroken)? {
        if body.len() + chunk.len() > limit {
            return Err(Lost::BodyTooLarge { limit });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(())
}

/// Tells the observer of a call when it is over, however it ended: answered, lost, or dropped by who waited for it.
struct Reported<'a> {
    observer: &'a dyn CallObserver,
    method: &'a Method,
    path: String,
    status: Option<u16>,
    began: Instant,
}

impl<'a> Reported<'a> {
    fn begin(observer: &'a dyn CallObserver, ask: &'a Ask) -> Self {
        Self { observer, method: &ask.method, path: shown(&ask.url), status: None, began: Instant::now() }
    }
}

impl Drop for Reported<'_> {
    fn drop(&mut self) {
        self.observer.called(Call {
            method: self.method.to_string(),
            path: std::mem::take(&mut self.path),
            status: self.status,
            ms: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
    }
}

/// Path and query as the history shows them: of the query's values only those that page.
fn shown(url: &Url) -> String {
    const PLAIN: [&str; 6] = ["page", "limit", "start", "offset", "type", "pagina"];
    let pairs: Vec<String> = url
        .query_pairs()
        .map(|(key, value)| match PLAIN.contains(&key.as_ref()) && value.len() <= 12 {
            true => format!("{key}={value}"),
            false => format!("{key}=…"),
        })
        .collect();
    // A code on a platform may be a document.
    let path: Vec<String> = url.path().split('/').map(people::without_numbers).collect();
    let path = path.join("/");
    if pairs.is_empty() { path } else { format!("{path}?{}", pairs.join("&")) }
}

#[cfg(test)]
#[path = "guarded_tests.rs"]
mod guarded_tests;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p1_the_history_shows_no_value_of_a_filter() {
        let url = Url::parse("https://k:s@h/api/v2/boxes?limit=500&page=2&filter=%5B%22Maria%22%5D&x=1").unwrap();
        assert_eq!(shown(&url), "/api/v2/boxes?limit=500&page=2&filter=…&x=…");
        assert_eq!(
            shown(&Url::parse("https://h/api/v2/properties/client/4411").unwrap()),
            "/api/v2/properties/client/4411"
        );
        let coded = Url::parse("https://h/clientes/integrado/52998224725").unwrap();
        assert_eq!(shown(&coded), "/clientes/integrado/•••");
    }

    #[test]
    fn who_waits_for_viability_waits_no_longer_than_the_deadline() {
        let timeouts = Timeouts::default();
        assert_eq!(timeouts.total(Purpose::Viability), Duration::from_secs(8));
        assert_eq!(timeouts.first_byte(Purpose::Page), Duration::from_secs(240));
        assert_eq!(timeouts.first_byte(Purpose::Write), Duration::from_secs(20));
    }
}
