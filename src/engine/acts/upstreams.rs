//! Acts on upstreams: closed and opened by a person.

use serde_json::json;
use sqlx::PgPool;

use super::{Note, Person, note};
use crate::{Error, db::transaction, upstream};

/// Closes an upstream until a time from now (`None`: until a person opens it).
///
/// # Errors
/// When Postgres refuses.
pub async fn close_upstream(pool: &PgPool, close: upstream::Close, person: Person) -> Result<(), Error> {
    transaction(pool, move |tx| {
        let (close, person) = (close.clone(), person.clone());
        Box::pin(async move {
            upstream::close(tx, std::slice::from_ref(&close), &person.name).await?;
            let (before, after) = (json!({ "upstream": close.upstream }), json!({ "state": "closed" }));
            note(tx, Note { id: None, act: "close", bulk: None, before, after }, &person).await.map(drop)
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
                let (before, after) = (json!({ "upstream": id }), json!({ "state": "open" }));
                note(tx, Note { id: None, act: "open", bulk: None, before, after }, &person).await?;
                sqlx::query(include_str!("../sql/wake.sql")).execute(&mut *tx).await?;
            }
            Ok(was_closed)
        })
    })
    .await
}
