//! Upstreams: each platform as the engine sees it. One that is closed is closed for every worker (G7).

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
    time::{Duration, Instant},
};

use sqlx::{PgConnection, PgPool};

use crate::{Error, clock};

/// Why an upstream is closed, and for how long.
#[derive(Clone, Debug, PartialEq)]
pub struct Closed {
    /// How long it stays closed; `None`: until a person opens it.
    pub remaining: Option<Duration>,
    /// Why.
    pub reason: String,
    /// Who closed it.
    pub closed_by: String,
}

/// How long an upstream is to be closed.
#[derive(Clone, Debug, PartialEq)]
pub struct Close {
    /// `integration:3`.
    pub upstream: String,
    /// `None`: until a person opens it.
    pub length: Option<Duration>,
    /// Why.
    pub reason: String,
}

/// What this process last read of the upstreams: asked before every call, so it costs no statement.
#[derive(Debug, Default)]
pub struct Upstreams {
    /// With the moment at which `remaining` was right.
    closed: RwLock<HashMap<String, (Closed, Instant)>>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    seconds: Option<f64>,
    reason: String,
    closed_by: String,
}

impl Upstreams {
    /// Why calls to `upstream` may not begin now; `None`: they may.
    pub fn closed(&self, upstream: &str) -> Option<Closed> {
        let all = self.closed.read().unwrap_or_else(PoisonError::into_inner);
        let (closed, read_at) = all.get(upstream)?;
        match closed.remaining {
            None => Some(closed.clone()),
            Some(length) => {
                let rest = length.saturating_sub(read_at.elapsed());
                (!rest.is_zero()).then(|| Closed { remaining: Some(rest), ..closed.clone() })
            }
        }
    }

    /// Reads them anew.
    ///
    /// # Errors
    /// When Postgres cannot be reached.
    pub async fn refresh(&self, pool: &PgPool) -> Result<(), Error> {
        let rows: Vec<Row> = sqlx::query_as(include_str!("sql/upstream_states.sql")).fetch_all(pool).await?;
        let now = clock::monotonic();
        let closed = |r: Row| Closed {
            remaining: r.seconds.map(|s| Duration::from_secs_f64(s.max(0.0))),
            reason: r.reason,
            closed_by: r.closed_by,
        };
        *self.closed.write().unwrap_or_else(PoisonError::into_inner) =
            rows.into_iter().map(|r| (r.id.clone(), (closed(r), now))).collect();
        Ok(())
    }

    /// Notes what this process has just closed, so that it need not wait to read it.
    pub(crate) fn note(&self, close: &Close) {
        if self.closed(&close.upstream).is_none() {
            let closed =
                Closed { remaining: close.length, reason: close.reason.clone(), closed_by: "enlace".to_owned() };
            let mut all = self.closed.write().unwrap_or_else(PoisonError::into_inner);
            all.insert(close.upstream.clone(), (closed, clock::monotonic()));
        }
    }
}

/// Closes upstreams for everybody; one that is closed for longer already stays so.
///
/// # Errors
/// When Postgres refuses.
pub async fn close(conn: &mut PgConnection, closes: &[Close], by: &str) -> Result<(), Error> {
    let ids: Vec<&str> = closes.iter().map(|c| c.upstream.as_str()).collect();
    let seconds: Vec<Option<f64>> = closes.iter().map(|c| c.length.map(|l| l.as_secs_f64())).collect();
    let reasons: Vec<&str> = closes.iter().map(|c| c.reason.as_str()).collect();
    sqlx::query(include_str!("sql/upstream_close.sql"))
        .bind(ids)
        .bind(seconds)
        .bind(reasons)
        .bind(by)
        .execute(conn)
        .await?;
    Ok(())
}

/// Opens an upstream and lets what waited for it go on; whether it was closed.
///
/// # Errors
/// When Postgres refuses.
pub async fn open(conn: &mut PgConnection, upstream: &str) -> Result<bool, Error> {
    let opened = sqlx::query(include_str!("sql/upstream_open.sql")).bind(upstream).execute(&mut *conn).await?;
    sqlx::query(include_str!("sql/upstream_wake.sql")).bind(upstream).execute(conn).await?;
    Ok(opened.rows_affected() > 0)
}
