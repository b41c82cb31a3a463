//! Acts: what people do to workflows and upstreams, each recorded with who, why, and how it stood before and after (G12).

use serde_json::{Value, json};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::{Error, db::transaction, record, upstream};

/// Who acts, and why.
#[derive(Clone, Debug)]
pub struct Person {
    /// As the audit names them.
    pub name: String,
    /// Not empty.
    pub reason: String,
}

/// What became of an act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acted {
    /// It is done.
    Done,
    /// A worker holds the workflow; it will be done between two steps.
    Asked,
    /// It makes no sense now: how the workflow stands, and what may be done instead.
    NotNow {
        /// The status.
        status: String,
        /// Legal acts.
        legal: Vec<&'static str>,
    },
    /// There is no such workflow.
    Unknown,
}

#[derive(sqlx::FromRow)]
struct Stands {
    status: String,
    position: i64,
    held: bool,
    parked: Option<String>,
}

/// What a person may do to a workflow that stands like this.
pub fn legal(status: &str) -> Vec<&'static str> {
    match status {
        "parked" | "waiting" => vec!["retry", "cancel"],
        "queued" | "running" | "paused" => vec!["cancel"],
        _ => Vec::new(),
    }
}

/// Lets a parked or waiting workflow go on at once, from the step that failed, with fresh attempts.
///
/// # Errors
/// When Postgres refuses.
pub async fn retry(pool: &PgPool, id: Uuid, person: Person) -> Result<Acted, Error> {
    transaction(pool, move |tx| {
        let person = person.clone();
        Box::pin(async move {
            let Some(stands) = lock(tx, id).await? else { return ended_or_unknown(tx, id).await };
            if stands.held || !matches!(stands.status.as_str(), "parked" | "waiting") {
                return Ok(not_now(&stands));
            }
            sqlx::query(include_str!("sql/act_retry.sql")).bind(id).execute(&mut **tx).await?;
            note(tx, Some(id), "retry", &person, before(&stands), json!({ "status": "queued" })).await?;
            sqlx::query(include_str!("sql/wake.sql")).execute(&mut **tx).await?;
            Ok(Acted::Done)
        })
    })
    .await
}

/// Calls a workflow off: at once, or, where a worker holds it, between two steps.
///
/// # Errors
/// When Postgres refuses.
pub async fn cancel(pool: &PgPool, id: Uuid, person: Person) -> Result<Acted, Error> {
    transaction(pool, move |tx| {
        let person = person.clone();
        Box::pin(async move {
            // The head of each of its keys first: whoever is ending that one must be waited for (see keys_promote.sql).
            let keys: Vec<(String, i64)> =
                sqlx::query_as(include_str!("sql/act_lock_keys.sql")).bind(id).fetch_all(&mut **tx).await?;
            let Some(stands) = lock(tx, id).await? else { return ended_or_unknown(tx, id).await };
            if stands.held {
                let asked = json!({ "act": "cancel", "person": person.name, "reason": person.reason });
                sqlx::query(include_str!("sql/act_ask.sql")).bind(id).bind(asked).execute(&mut **tx).await?;
                note(tx, Some(id), "cancel", &person, json!({ "status": "running" }), json!({ "status": "cancelled" }))
                    .await?;
                return Ok(Acted::Asked);
            }
            sqlx::query(include_str!("sql/act_cancel.sql")).bind(id).execute(&mut **tx).await?;
            let keys: Vec<(&str, i64)> = keys.iter().map(|(k, p)| (k.as_str(), *p)).collect();
            record::release_keys(tx, &keys).await?;
            note(tx, Some(id), "cancel", &person, before(&stands), json!({ "status": "cancelled" })).await?;
            Ok(Acted::Done)
        })
    })
    .await
}

/// Closes an upstream until a time from now (`None`: until a person opens it).
///
/// # Errors
/// When Postgres refuses.
pub async fn close_upstream(pool: &PgPool, close: upstream::Close, person: Person) -> Result<(), Error> {
    transaction(pool, move |tx| {
        let (close, person) = (close.clone(), person.clone());
        Box::pin(async move {
            upstream::close(tx, std::slice::from_ref(&close), &person.name).await?;
            let what = json!({ "upstream": close.upstream });
            note(tx, None, "close", &person, what, json!({ "state": "closed" })).await
        })
    })
    .await
}

/// Opens an upstream; what waited for it goes on. Whether it was closed.
///
/// # Errors
/// When Postgres refuses.
pub async fn open_upstream(pool: &PgPool, id: &str, person: Person) -> Result<bool, Error> {
    let id = id.to_owned();
    transaction(pool, move |tx| {
        let (id, person) = (id.clone(), person.clone());
        Box::pin(async move {
            let was_closed = upstream::open(tx, &id).await?;
            if was_closed {
                note(tx, None, "open", &person, json!({ "upstream": id }), json!({ "state": "open" })).await?;
                sqlx::query(include_str!("sql/wake.sql")).execute(&mut **tx).await?;
            }
            Ok(was_closed)
        })
    })
    .await
}

async fn lock(conn: &mut PgConnection, id: Uuid) -> Result<Option<Stands>, Error> {
    Ok(sqlx::query_as(include_str!("sql/act_lock.sql")).bind(id).fetch_optional(conn).await?)
}

async fn ended_or_unknown(conn: &mut PgConnection, id: Uuid) -> Result<Acted, Error> {
    let status: Option<(String,)> =
        sqlx::query_as(include_str!("sql/act_status.sql")).bind(id).fetch_optional(conn).await?;
    Ok(status.map_or(Acted::Unknown, |(status,)| Acted::NotNow { legal: legal(&status), status }))
}

fn not_now(stands: &Stands) -> Acted {
    let status = if stands.held { "running" } else { stands.status.as_str() };
    Acted::NotNow { status: status.to_owned(), legal: legal(status) }
}

fn before(stands: &Stands) -> Value {
    json!({ "status": stands.status, "parked": stands.parked, "position": stands.position })
}

async fn note(
    conn: &mut PgConnection,
    id: Option<Uuid>,
    act: &str,
    person: &Person,
    before: Value,
    after: Value,
) -> Result<(), Error> {
    sqlx::query(include_str!("sql/act_note.sql"))
        .bind(id)
        .bind(act)
        .bind(&person.name)
        .bind(&person.reason)
        .bind(before)
        .bind(after)
        .execute(conn)
        .await?;
    Ok(())
}
