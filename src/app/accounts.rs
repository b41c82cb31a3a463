//! Accounts on platforms, made ready from what an integration was set up with, and guarded: no call begins while the
//! upstream is closed or after this worker has lost its lease, and every call is noted in the step's history.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use engine::{attempt, runner::UPSTREAM_CLOSED, upstream::Upstreams};
use mapping::upstream_of;
use platforms::{
    BoxElement, CableElement, Call, CallObserver, CustomerToAttach, Detach, Failure, FailureKind, Occupancy,
    OccupantElement, Page, Platform, PoleElement, PortAddress, Seat, SplitterElement, Tested,
};
use workflows::{Maps, Trouble};

use crate::{
    desk::connect::{Stored, Unready},
    telemetry::Calls,
};

/// An account, and the version of what it was made from.
type Ready = (String, Arc<dyn Platform>);

/// The accounts of all integrations.
pub struct Accounts {
    stored: Arc<Stored>,
    upstreams: Arc<Upstreams>,
    ready: Mutex<HashMap<i64, Ready>>,
}

impl Accounts {
    /// None is made ready before it is asked for.
    pub fn new(stored: Arc<Stored>, upstreams: Arc<Upstreams>) -> Self {
        Self { stored, upstreams, ready: Mutex::default() }
    }

    async fn version(&self, id_integracao: i64) -> Result<String, Trouble> {
        let row: Option<(String,)> = sqlx::query_as(include_str!("sql/account_version.sql"))
            .bind(id_integracao)
            .fetch_optional(&self.stored.pool)
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
        let inner =
            self.stored.ready(id_integracao, Arc::new(Noted(Calls::of(&upstream)))).await.map_err(|unready| {
                match unready {
                    Unready::Platform(failure) => {
                        Trouble::Platform(Failure { upstream: Some(upstream.clone()), ..failure })
                    }
                    Unready::Mapping(error) => unreadable(error),
                }
            })?;
        let account: Arc<dyn Platform> = Arc::new(Guarded { inner, upstream, upstreams: Arc::clone(&self.upstreams) });
        self.ready
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id_integracao, (version, Arc::clone(&account)));
        Ok(account)
    }
}

/// Notes calls in the history of the step that makes them, and counts them for their upstream.
struct Noted(Calls);

impl CallObserver for Noted {
    fn called(&self, call: Call) {
        self.0.note(&call);
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
