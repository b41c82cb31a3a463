//! Accounts on platforms, made ready from what an integration was set up with, and guarded: every HTTP call first passes the
//! engine's gate to the upstream (closed, limited, or after this worker has lost its lease, it waits or is refused there), tells
//! it how it ended, and is noted in the step's history.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use engine::{
    attempt,
    db::{SMALL, within},
    upstream::{Ended, Permit, Refused, UPSTREAM_CLOSED, Upstreams},
};
use mapping::upstream_of;
use platforms::{
    Admitted, BoxElement, CableElement, Call, CallObserver, CustomerToAttach, Detach, Failure, FailureKind, NearBox,
    Nearby, Occupancy, OccupantElement, Page, Platform, PoleElement, PortAddress, Seat, SplitterElement, Tested,
    WholeBox,
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
        let version = sqlx::query_as(include_str!("sql/account_version.sql"));
        let version = version.bind(id_integracao).fetch_optional(&self.stored.pool);
        let row: Option<(String,)> = within(SMALL, version).await.map_err(|error: sqlx::Error| unreadable(error))?;
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
        let guard = Arc::new(Guard {
            upstream: upstream.clone(),
            upstreams: Arc::clone(&self.upstreams),
            calls: Calls::of(&upstream),
        });
        let inner = self.stored.ready(id_integracao, guard).await.map_err(|unready| match unready {
            Unready::Platform(failure) => Trouble::Platform(Failure { upstream: Some(upstream.clone()), ..failure }),
            Unready::Mapping(error) => unreadable(error),
        })?;
        let account: Arc<dyn Platform> = Arc::new(Named { inner, upstream });
        self.ready
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id_integracao, (version, Arc::clone(&account)));
        Ok(account)
    }

    fn patience(&self) -> Duration {
        self.stored.options.timeouts.viability
    }
}

/// Between an account and its upstream: asks the gate before each call, tells it how the call ended, counts it, and notes it in
/// the history of the step that makes it.
struct Guard {
    upstream: String,
    upstreams: Arc<Upstreams>,
    calls: Calls,
}

#[async_trait]
impl CallObserver for Guard {
    async fn admit(&self) -> Result<Box<dyn Admitted>, Failure> {
        let permit = self.upstreams.admit(&self.upstream).await.map_err(|refused| self.refused(refused))?;
        Ok(Box::new(Leave(permit)))
    }

    fn called(&self, call: Call) {
        self.calls.note(&call);
        attempt::note_call(attempt::Call { method: call.method, path: call.path, status: call.status, ms: call.ms });
    }
}

impl Guard {
    fn refused(&self, refused: Refused) -> Failure {
        let (kind, code) = match refused {
            Refused::LeaseLost => (FailureKind::Transient, "engine.lease_lost"),
            Refused::Closed(_) | Refused::Busy => (FailureKind::Throttled, UPSTREAM_CLOSED),
        };
        let why = refused.failure(&self.upstream);
        Failure { kind, code, message: why.message, retry_after: why.retry_after, upstream: why.upstream }
    }
}

/// Leave to make one call.
struct Leave(Permit);

impl Admitted for Leave {
    fn ended(self: Box<Self>, failure: Option<&Failure>, answered: bool) {
        self.0.ended(failure.map_or(Ended::Answered, |failure| what_it_says(failure, answered)));
    }
}

/// What a failed call says of its upstream. A refusal says that it is there; what is wrong with our side says nothing, which is
/// no reason to close it to everybody either.
fn what_it_says(failure: &Failure, answered: bool) -> Ended {
    let words = failure.message.clone();
    match failure.kind {
        FailureKind::Throttled => Ended::Throttled { retry_after: failure.retry_after, words },
        FailureKind::Transient | FailureKind::Unknown => Ended::Failed { answered, words },
        FailureKind::Unauthorised | FailureKind::Rejected | FailureKind::Misconfigured => Ended::Answered,
    }
}

/// An account whose failures say which upstream they are about.
struct Named {
    inner: Arc<dyn Platform>,
    upstream: String,
}

impl Named {
    async fn named<T>(&self, call: impl Future<Output = Result<T, Failure>> + Send) -> Result<T, Failure> {
        call.await.map_err(|failure| Failure { upstream: Some(self.upstream.clone()), ..failure })
    }
}

#[async_trait]
impl Platform for Named {
    async fn test(&self) -> Result<Tested, Failure> {
        self.named(self.inner.test()).await
    }
    async fn boxes(&self, cursor: Option<&str>) -> Result<Page<BoxElement>, Failure> {
        self.named(self.inner.boxes(cursor)).await
    }
    async fn splitters(&self, cursor: Option<&str>) -> Result<Page<SplitterElement>, Failure> {
        self.named(self.inner.splitters(cursor)).await
    }
    async fn poles(&self, cursor: Option<&str>) -> Result<Page<PoleElement>, Failure> {
        self.named(self.inner.poles(cursor)).await
    }
    async fn cables(&self, cursor: Option<&str>) -> Result<Page<CableElement>, Failure> {
        self.named(self.inner.cables(cursor)).await
    }
    async fn occupants(&self, cursor: Option<&str>) -> Result<Page<OccupantElement>, Failure> {
        self.named(self.inner.occupants(cursor)).await
    }
    async fn look_at_port(&self, port: &PortAddress) -> Result<Occupancy, Failure> {
        self.named(self.inner.look_at_port(port)).await
    }
    async fn seats_of(&self, code: &str) -> Result<Vec<Seat>, Failure> {
        self.named(self.inner.seats_of(code)).await
    }
    async fn search(&self, code: &str, cursor: Option<&str>) -> Result<Page<Seat>, Failure> {
        self.named(self.inner.search(code, cursor)).await
    }
    async fn attach(&self, port: &PortAddress, customer: &CustomerToAttach, seats: &[Seat]) -> Result<(), Failure> {
        self.named(self.inner.attach(port, customer, seats)).await
    }
    async fn detach(&self, seat: &Seat, how: Detach) -> Result<(), Failure> {
        self.named(self.inner.detach(seat, how)).await
    }
    async fn boxes_near(&self, asked: &Nearby) -> Result<Vec<NearBox>, Failure> {
        self.named(self.inner.boxes_near(asked)).await
    }
    async fn whole_box(&self, external_id: &str) -> Result<Option<WholeBox>, Failure> {
        self.named(self.inner.whole_box(external_id)).await
    }
}
