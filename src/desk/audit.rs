//! What people did beside acts on workflows: written down with who, why, and how it stood before and after.

use serde_json::Value;
use sqlx::PgConnection;

use super::Refusal;

/// One thing that a person did.
pub struct Entry<'a> {
    /// `integration.create`, `upstream.close`, `schedule.edit`, …
    pub act: &'a str,
    /// Who.
    pub person: &'a str,
    /// Why, in their words; an empty one is replaced by the act's name.
    pub reason: &'a str,
    /// What it was done to, and how that stood. Holds no secret.
    pub before: Value,
    /// How it stands now. Holds no secret.
    pub after: Value,
}

/// Writes an entry in the transaction that does the thing.
pub async fn note(conn: &mut PgConnection, entry: Entry<'_>) -> Result<(), Refusal> {
    let reason = if entry.reason.is_empty() { entry.act } else { entry.reason };
    let query = sqlx::query(include_str!("sql/note.sql")).bind(entry.act).bind(entry.person).bind(reason);
    query.bind(entry.before).bind(entry.after).execute(conn).await?;
    Ok(())
}
