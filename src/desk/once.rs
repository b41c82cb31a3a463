//! Requests that are sent again: under a key of the caller's own, what was asked once is done once, and answered the same again.
//!
//! The key belongs to the token. It is taken before anything is done, and the answer is kept beside it for a day. A request
//! whose answer was never kept, because the process died, is not done again by itself: whether it was done is for its caller to
//! look (as with a write to a platform, rule B6).

use std::time::Duration;

use engine::Error;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::Refusal;

/// An answer without having come for so long will not come: no request takes longer.
const LONGEST: Duration = Duration::from_secs(90);

/// An answer as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Kept {
    /// The HTTP status.
    pub status: i32,
    /// The header `Location`, if it had one.
    pub location: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// A key of a token.
#[derive(Clone, Debug)]
pub struct Key {
    /// The token.
    pub token: Uuid,
    /// What the caller calls the request: 1 to 140 characters.
    pub name: String,
}

#[derive(sqlx::FromRow)]
struct Before {
    begun: bool,
    same: bool,
    late: bool,
    #[sqlx(flatten)]
    kept: Unanswered,
}

#[derive(sqlx::FromRow)]
struct Unanswered {
    status: Option<i32>,
    location: Option<String>,
    body: Option<Vec<u8>>,
}

/// Takes the key for a request of this digest; the answer, if the same request was answered before.
///
/// # Errors
/// [`Refusal::Invalid`] where the key was used for another request, [`Refusal::NotNow`] while the first one is under way, or where
/// nobody knows what became of it.
pub async fn begin(pool: &PgPool, key: &Key, digest: &[u8]) -> Result<Option<Kept>, Refusal> {
    let under_way = "the request with this key is under way: wait for its answer, then send it again";
    let unknown = "the request with this key was never answered: look whether it was done, and send it under another key if it was not";
    let not_now = |message: &str| Err(Refusal::NotNow { message: message.to_owned(), legal: Vec::new() });
    let query = sqlx::query_as(include_str!("sql/request_begin.sql")).bind(key.token).bind(&key.name).bind(digest);
    let before: Option<Before> = query.bind(LONGEST.as_secs_f64()).fetch_optional(pool).await?;
    // None: two came at the same moment, and the other one has it.
    let Some(before) = before else { return not_now(under_way) };
    if before.begun {
        return Ok(None);
    }
    if !before.same {
        return Err(Refusal::invalid("Idempotency-Key", "was used before, for another request: choose another key"));
    }
    match before.kept {
        Unanswered { status: Some(status), location, body: Some(body) } => Ok(Some(Kept { status, location, body })),
        _ => not_now(if before.late { unknown } else { under_way }),
    }
}

/// Keeps the answer of a request that was done.
///
/// # Errors
/// When the database cannot be reached.
pub async fn keep(pool: &PgPool, key: &Key, kept: &Kept) -> Result<(), Refusal> {
    let query = sqlx::query(include_str!("sql/request_keep.sql")).bind(key.token).bind(&key.name);
    query.bind(kept.status).bind(&kept.location).bind(&kept.body).execute(pool).await?;
    Ok(())
}

/// Gives the key back: the request was refused, and nothing was stored.
///
/// # Errors
/// When the database cannot be reached.
pub async fn give_back(pool: &PgPool, key: &Key) -> Result<(), Refusal> {
    let query = sqlx::query(include_str!("sql/request_give_back.sql")).bind(key.token).bind(&key.name);
    query.execute(pool).await?;
    Ok(())
}

/// Forgets what nobody may ask again; how many.
pub(super) async fn forget(conn: &mut PgConnection) -> Result<u64, Error> {
    Ok(sqlx::query(include_str!("sql/request_forget.sql")).execute(conn).await?.rows_affected())
}
