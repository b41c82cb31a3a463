//! Who is signed in: a cookie, and the row that it opens.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use crate::{
    desk::Caller,
    tokens::{Role, Token, hash, secret},
};

/// The cookie's name.
const COOKIE: &str = "enlace_session";
/// A session that nobody used for so long has ended.
const UNUSED: Duration = Duration::from_secs(12 * 60 * 60);
/// No session is longer: the token is then asked for again.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A session, as a request finds it.
#[derive(Debug, FromRow)]
struct Found {
    id: Uuid,
    name: String,
    role: Role,
    csrf: String,
    now: DateTime<Utc>,
}

/// Who is signed in, and what their forms carry.
#[derive(Clone, Debug)]
pub struct Session {
    /// Who.
    pub caller: Caller,
    /// What a form of theirs has to carry.
    pub csrf: String,
    /// When they ask, by the database's clock.
    pub now: DateTime<Utc>,
}

/// Signs somebody in; the answer is what the browser is to keep.
pub async fn open(pool: &PgPool, token: &Token, secure: bool) -> sqlx::Result<HeaderValue> {
    let (cookie, csrf) = (secret()?, secret()?);
    sqlx::query(include_str!("sql/session_open.sql"))
        .bind(hash(&cookie))
        .bind(token.id)
        .bind(csrf)
        .bind(seconds(UNUSED))
        .bind(seconds(LONGEST))
        .execute(pool)
        .await?;
    set_cookie(COOKIE, &cookie, LONGEST, true, secure)
}

/// The session of this request, if there is one.
pub async fn find(pool: &PgPool, headers: &HeaderMap) -> sqlx::Result<Option<Session>> {
    let Some(cookie) = cookie(headers, COOKIE) else { return Ok(None) };
    let found: Option<Found> = sqlx::query_as(include_str!("sql/session_find.sql"))
        .bind(hash(cookie))
        .bind(seconds(UNUSED))
        .bind(seconds(LONGEST))
        .fetch_optional(pool)
        .await?;
    Ok(found.map(|Found { id, name, role, csrf, now }| {
        let caller = Caller { name, role, token: Some(id), in_full: true };
        Session { caller, csrf, now }
    }))
}

/// Signs out; the answer makes the browser forget.
pub async fn close(pool: &PgPool, headers: &HeaderMap) -> sqlx::Result<HeaderValue> {
    if let Some(cookie) = cookie(headers, COOKIE) {
        sqlx::query(include_str!("sql/session_close.sql")).bind(hash(cookie)).execute(pool).await?;
    }
    set_cookie(COOKIE, "", Duration::ZERO, true, false)
}

/// The value of a cookie of this request.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = all.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(given, _)| *given == name).map(|(_, value)| value).next_back()
}

/// What makes a browser keep a cookie for so long, for this site alone.
pub fn set_cookie(name: &str, value: &str, keep: Duration, hidden: bool, secure: bool) -> sqlx::Result<HeaderValue> {
    let hidden = if hidden { "; HttpOnly" } else { "" };
    let secure = if secure { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; Max-Age={}; SameSite=Lax{hidden}{secure}", keep.as_secs());
    HeaderValue::from_str(&text).map_err(|e| sqlx::Error::Io(std::io::Error::other(e)))
}

fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}
