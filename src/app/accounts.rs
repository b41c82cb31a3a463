//! Accounts on platforms, made ready from what an integration was set up with, and guarded: no call begins while the
//! upstream is closed or after this worker has lost its lease, and every call is noted in the step's history.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use engine::{attempt, runner::UPSTREAM_CLOSED, upstream::Upstreams};
use mapping::{integrations, secrets::SecretKey, upstream_of};
use platforms::{
    BoxElement, CableElement, Call, CallObserver, CustomerToAttach, Detach, Failure, FailureKind, Given, Occupancy,
    OccupantElement, Options, Page, Platform, PoleElement, PortAddress, Seat, SplitterElement, Tested,
};
use sqlx::PgPool;
use workflows::{Maps, Trouble};

/// An account, and the version of what it was made from.
type Ready = (String, Arc<dyn Platform>);

/// The accounts of all integrations.
pub struct Accounts {
    pool: PgPool,
    key: SecretKey,
    options: Options,
    upstreams: Arc<Upstreams>,
    /// By integration: what it was made from, and the account.
    ready: Mutex<HashMap<i64, Ready>>,
}

impl Accounts {
    /// None is made ready before it is asked for. `allow_private`: loopback and private addresses, and plain http.
    pub fn new(pool: PgPool, key: SecretKey, allow_private: bool, upstreams: Arc<Upstreams>) -> Self {
        let options = Options { allow_private, ..Options::default() };
        Self { pool, key, options, upstreams, ready: Mutex::default() }
    }

    /// The key that closes and opens credentials.
    pub fn key(&self) -> &SecretKey {
        &self.key
    }

    /// What the installation allows of accounts.
    pub fn options(&self) -> Options {
        self.options
    }

    /// The account of an integration, made anew from what is stored and unguarded: for a person's *test* (rule D4), which
    /// must reach a platform that is closed for everybody else.
    ///
    /// # Errors
    /// When there is no such integration, or its parameters do not serve.
    pub async fn unguarded(&self, id_integracao: i64) -> Result<Arc<dyn Platform>, Trouble> {
        let account = integrations::account(&self.pool, &self.key, id_integracao).await.map_err(unreadable)?;
        let implanted_required = account.settings.get("implanted_required").and_then(serde_json::Value::as_bool);
        let options = Options {
            implanted_required: implanted_required.unwrap_or(self.options.implanted_required),
            ..self.options
        };
        Ok(self.connect(&account.platform, &account.given, options)?)
    }

    fn connect(&self, platform: &str, given: &Given, options: Options) -> Result<Arc<dyn Platform>, Failure> {
        platforms::connect(platform, given, options, Arc::new(Noted))
    }

    async fn version(&self, id_integracao: i64) -> Result<String, Trouble> {
        let row: Option<(String,)> = sqlx::query_as(include_str!("sql/account_version.sql"))
            .bind(id_integracao)
            .fetch_optional(&self.pool)
            .await
            .map_err(unreadable)?;
        row.map(|(version,)| version).ok_or_else(|| Trouble::Refused {
            code: "integration.gone",
            message: format!("a integração {id_integracao} não existe / integration {id_integracao} does not exist"),
        })
    }
}

fn unreadable(error: impl std::fmt::Display) -> Trouble {
    Trouble::Database(error.to_string())
}

#[async_trait]
impl Maps for Accounts {
    async fn of(&self, id_integracao: i64) -> Result<Arc<dyn Platform>, Trouble> {
        let version = self.version(id_integracao).await?;
        let ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner).get(&id_integracao).cloned();
        if let Some((made_from, account)) = ready
            && made_from == version
        {
            return Ok(account);
        }
        let upstream = upstream_of(id_integracao);
        let inner = self.unguarded(id_integracao).await.map_err(|trouble| match trouble {
            Trouble::Platform(failure) => Trouble::Platform(Failure { upstream: Some(upstream.clone()), ..failure }),
            other => other,
        })?;
        let account: Arc<dyn Platform> = Arc::new(Guarded { inner, upstream, upstreams: Arc::clone(&self.upstreams) });
        self.ready
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id_integracao, (version, Arc::clone(&account)));
        Ok(account)
    }
}

/// Notes calls in the history of the step that makes them.
struct Noted;

impl CallObserver for Noted {
    fn called(&self, call: Call) {
        attempt::note_call(attempt::Call { method: call.method, path: call.path, status: call.status, ms: call.ms });
    }
}

/// An account whose calls wait for its upstream.
struct Guarded {
    inner: Arc<dyn Platform>,
    upstream: String,
    upstreams: Arc<Upstreams>,
}

impl Guarded {
    async fn when_open<T>(&self, call: impl Future<Output = Result<T, Failure>> + Send) -> Result<T, Failure> {
        self.open()?;
        call.await.map_err(|failure| Failure { upstream: Some(self.upstream.clone()), ..failure })
    }

    fn open(&self) -> Result<(), Failure> {
        if !attempt::may_call() {
            return Err(Failure::new(
                FailureKind::Transient,
                "engine.lease_lost",
                "o worker perdeu sua vez",
                "the worker lost its lease",
            ));
        }
        let Some(closed) = self.upstreams.closed(&self.upstream) else { return Ok(()) };
        Err(Failure {
            kind: FailureKind::Throttled,
            code: UPSTREAM_CLOSED,
            message: closed.reason,
            retry_after: closed.remaining,
            upstream: Some(self.upstream.clone()),
        })
    }
}

#[async_trait]
impl Platform for Guarded {
    async fn test(&self) -> Result<Tested, Failure> {
        self.when_open(self.inner.test()).await
    }
    async fn boxes(&self, cursor: Option<&str>) -> Result<Page<BoxElement>, Failure> {
        self.when_open(self.inner.boxes(cursor)).await
    }
    async fn splitters(&self, cursor: Option<&str>) -> Result<Page<SplitterElement>, Failure> {
        self.when_open(self.inner.splitters(cursor)).await
    }
    async fn poles(&self, cursor: Option<&str>) -> Result<Page<PoleElement>, Failure> {
        self.when_open(self.inner.poles(cursor)).await
    }
    async fn cables(&self, cursor: Option<&str>) -> Result<Page<CableElement>, Failure> {
        self.when_open(self.inner.cables(cursor)).await
    }
    async fn occupants(&self, cursor: Option<&str>) -> Result<Page<OccupantElement>, Failure> {
        self.when_open(self.inner.occupants(cursor)).await
    }
    async fn look_at_port(&self, port: &PortAddress) -> Result<Occupancy, Failure> {
        self.when_open(self.inner.look_at_port(port)).await
    }
    async fn seats_of(&self, code: &str) -> Result<Vec<Seat>, Failure> {
        self.when_open(self.inner.seats_of(code)).await
    }
    async fn attach(&self, port: &PortAddress, customer: &CustomerToAttach, seats: &[Seat]) -> Result<(), Failure> {
        self.when_open(self.inner.attach(port, customer, seats)).await
    }
    async fn detach(&self, seat: &Seat, how: Detach) -> Result<(), Failure> {
        self.when_open(self.inner.detach(seat, how)).await
    }
}
