//! Acts on many, done: in batches, at their pace, by whichever process leads.
//!
//! A batch's acts, its counts and the cursor commit together, under the leader's term and with the row held still. So nothing is
//! done twice, however many believe that they lead, and whoever dies loses no more than the batch that was under way.

use std::time::Duration;

use engine::{
    Error,
    acts::{self, Acted, Ask, Person},
    clock,
    db::{ANSWER, Why, transaction, why, within},
    leader::{self, Candidate, Term},
};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    super::{
        Caller, Refusal,
        acts::Verb,
        check,
        discrepancies::{self, bulk::Batch},
        filter::Filter,
        kinds,
    },
    Bulk, Which, asked_of,
};
use crate::tokens::Role;

/// Leads the doing of acts on many.
pub const DUTY: &str = "acts";
/// How long a leader that says nothing keeps the duty.
const LEASE: Duration = Duration::from_secs(12);
/// How often a leader without anything to do looks for something.
const LOOK: Duration = Duration::from_secs(1);
/// Most workflows of a batch: their rows are held together, and workers want them.
const BATCH: i32 = 25;
/// Batches a second where the pace is slow: so it is even, too.
const BATCHES: i32 = 4;
/// Seconds after which a batch is tried again that could not be done.
const AGAIN: f64 = 2.0;

/// Does what was asked for whenever this process leads, until `stop`.
pub async fn keep(pool: PgPool, name: String, stop: CancellationToken) {
    let candidate = Candidate { duty: DUTY, name, lease: LEASE };
    leader::lead(pool.clone(), candidate, stop, move |term| {
        let pool = pool.clone();
        async move {
            loop {
                let pause = match batch(&pool, term).await {
                    Ok(next) => next.unwrap_or(LOOK).min(LOOK),
                    Err(Error::LeaseLost) => return,
                    Err(error) => {
                        tracing::debug!(%error, "could not look for acts on many");
                        LOOK
                    }
                };
                clock::sleep(pause).await;
            }
        }
    })
    .await;
}

/// Does the batch that is due, if one is; when the next may be, or `None`: nothing is under way.
///
/// # Errors
/// [`Error::LeaseLost`] where another process leads by now, or when Postgres refuses.
pub async fn batch(pool: &PgPool, term: Term) -> Result<Option<Duration>, Error> {
    let due = sqlx::query_as(include_str!("../sql/bulk_due.sql")).fetch_optional(pool);
    let due: Option<(Uuid, f64)> = within(ANSWER, due).await?;
    let Some((id, seconds)) = due else { return Ok(None) };
    if seconds > 0.0 {
        return Ok(Some(Duration::from_secs_f64(seconds)));
    }
    let done = transaction(pool, move |tx| {
        Box::pin(async move {
            term.holds(tx).await?;
            one_batch(tx, id).await
        })
    })
    .await;
    match done {
        Err(error) if !matches!(error, Error::LeaseLost) => {
            tracing::warn!(%error, bulk = %id, "a batch of an act on many could not be done; it is tried again");
            let later = sqlx::query(include_str!("../sql/bulk_later.sql")).bind(id).bind(AGAIN).execute(pool);
            within(ANSWER, later).await?;
            Ok(Some(Duration::ZERO))
        }
        other => other.map(|()| Some(Duration::ZERO)),
    }
}

async fn one_batch(conn: &mut PgConnection, id: Uuid) -> Result<(), Error> {
    sqlx::query(include_str!("../sql/bulk_patience.sql")).execute(&mut *conn).await?;
    let due = sqlx::query_as(include_str!("../sql/bulk_batch.sql")).bind(id);
    let Some(bulk): Option<Bulk> = due.fetch_optional(&mut *conn).await? else { return Ok(()) };
    let size = (bulk.pace / BATCHES).clamp(1, BATCH);
    if let Some(how) = discrepancies::bulk::settles(&bulk) {
        let did = discrepancies::bulk::batch(conn, &bulk, bulk.cursor, size, how).await.map_err(undone)?;
        return counted(conn, &bulk, size, did).await;
    }
    let (ask, filter) = work(&bulk, size).map_err(|refusal| Error::Change(refusal.to_string()))?;
    let (sql, values) = filter.ids();
    let query = sqlx::query_as_with::<_, (Uuid, i64), _>(AssertSqlSafe(sql), values).persistent(false);
    let page = query.fetch_all(&mut *conn).await?;
    let mut did = Batch { seen: page.len(), last: page.last().map(|(_, seq)| *seq), ..Batch::default() };
    for (workflow, _) in &page {
        match act(conn, &bulk, *workflow, &ask).await? {
            Some(Acted::Done | Acted::Asked) => did.done += 1,
            Some(Acted::NotNow { .. } | Acted::Unknown) => did.skipped += 1,
            None => did.failed += 1,
        }
    }
    counted(conn, &bulk, size, did).await
}

async fn counted(conn: &mut PgConnection, bulk: &Bulk, size: i32, did: Batch) -> Result<(), Error> {
    let over = did.seen < usize::try_from(size).unwrap_or_default();
    let cursor = did.last.unwrap_or(bulk.cursor);
    let pause = did.seen as f64 / f64::from(bulk.pace);
    let count = sqlx::query(include_str!("../sql/bulk_count.sql")).bind(bulk.id).bind(cursor);
    count.bind(did.done).bind(did.skipped).bind(did.failed).bind(pause).bind(over).execute(conn).await?;
    Ok(())
}

/// Why a batch of differences was not settled: it is tried again.
fn undone(refusal: Refusal) -> Error {
    Error::Change(refusal.to_string())
}

/// What is to be done, and the next of those to whom.
fn work(bulk: &Bulk, size: i32) -> Result<(Ask, Filter), Refusal> {
    let unknown = |what: &str| Refusal::Failed(format!("this build does not know {what}"));
    let action: Verb = bulk.action.parse().map_err(|_| unknown(&bulk.action))?;
    let ask = asked_of(action, bulk.argument.get("outcome").and_then(Value::as_str).map(str::to_owned))?;
    let which: Which = serde_json::from_value(bulk.filter.clone()).map_err(|error| unknown(&error.to_string()))?;
    let asked = which.asked(Some(check::cursor(bulk.cursor)), u32::try_from(size).ok());
    // Whoever may act may search by names; the list is for no eyes here.
    let caller = Caller { name: bulk.person.clone(), role: Role::Operator, token: None, in_full: false };
    Ok((ask, Filter::of(&asked, &caller)?))
}

/// Does it to one; `None`: the database refuses this one, which is no reason to leave the others alone.
async fn act(conn: &mut PgConnection, bulk: &Bulk, id: Uuid, ask: &Ask) -> Result<Option<Acted>, Error> {
    let person = Person { name: bulk.person.clone(), reason: bulk.reason.clone() };
    let mut apart = conn.begin().await?;
    match acts::act_in(&mut apart, kinds::definitions(), id, ask, &person, Some(bulk.id)).await {
        Ok(acted) => {
            apart.commit().await?;
            Ok(Some(acted))
        }
        Err(Error::Database(error)) if why(&error) != Why::Other => Err(error.into()),
        Err(error) => {
            apart.rollback().await?;
            tracing::warn!(%error, workflow = %id, bulk = %bulk.id, "an act on many could not be done to this one");
            Ok(None)
        }
    }
}
