//! Upstreams: each platform as the engine sees it. One that is closed is closed for every worker (G7).

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
    time::Duration,
};

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use crate::Error;

/// Why an upstream is closed, and until when.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct Closed {
    /// `integration:3`.
    pub id: String,
    /// Closed until a person opens it.
    pub until_opened: bool,
    /// Else: until then.
    pub closed_until: Option<DateTime<Utc>>,
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
    closed: RwLock<HashMap<String, Closed>>,
}

impl Upstreams {
    /// Whether calls to `upstream` may begin at `now`.
    pub fn closed(&self, upstream: &str, now: DateTime<Utc>) -> Option<Closed> {
        let closed = self.closed.read().unwrap_or_else(PoisonError::into_inner);
        closed.get(upstream).filter(|c| c.until_opened || c.closed_until.is_some_and(|t| t > now)).cloned()
    }

    /// Reads them anew.
    ///
    /// # Errors
    /// When Postgres cannot be reached.
    pub async fn refresh(&self, pool: &PgPool) -> Result<(), Error> {
        let rows: Vec<Closed> = sqlx::query_as(include_str!("sql/upstream_states.sql")).fetch_all(pool).await?;
        let mut closed = self.closed.write().unwrap_or_else(PoisonError::into_inner);
        *closed = rows.into_iter().map(|c| (c.id.clone(), c)).collect();
        Ok(())
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
