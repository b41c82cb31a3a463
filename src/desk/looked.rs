//! Looking at personal data in full is written down (rule P1): an act `looked`, with who looked, at what, and when.
//!
//! It is written before anything is shown: who cannot be written down sees nothing. A look that goes on (a page that is drawn
//! anew every two seconds) is one look.

use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use super::{Caller, Refusal};

/// What the audit calls it.
pub const LOOKED: &str = "looked";
const WHY: &str = "dados pessoais exibidos por inteiro / personal data shown in full";

/// Somebody looks at one workflow whole.
///
/// # Errors
/// When it cannot be written down.
pub async fn at_workflow(pool: &PgPool, caller: &Caller, id: Uuid) -> Result<(), Refusal> {
    note(pool, caller, Some(id), json!({ "workflow": id })).await
}

/// Somebody looks at a list; `ids`: the items of it that tell of people. Nothing is written where there are none.
///
/// # Errors
/// When it cannot be written down.
pub async fn at_many<T: serde::Serialize>(
    pool: &PgPool,
    caller: &Caller,
    what: &str,
    ids: &[T],
) -> Result<(), Refusal> {
    if ids.is_empty() { Ok(()) } else { note(pool, caller, None, json!({ what: ids })).await }
}

async fn note(pool: &PgPool, caller: &Caller, workflow: Option<Uuid>, at: Value) -> Result<(), Refusal> {
    let query = sqlx::query(include_str!("sql/looked.sql")).bind(workflow).bind(LOOKED).bind(&caller.name);
    query.bind(WHY).bind(at).execute(pool).await?;
    Ok(())
}
