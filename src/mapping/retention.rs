//! What is kept of the network for longer than work is, and what it then still says of people: nothing (rule P2).

use sqlx::PgConnection;

use crate::Error;

/// Takes what each side said out of differences that were settled, and its words out of syncs that ended, so many days ago.
/// That they were remains, and that a person chose to ignore a difference still counts while it lasts. How many rows changed.
///
/// # Errors
/// When the database refuses.
pub async fn forget(conn: &mut PgConnection, days: i32) -> Result<u64, Error> {
    let settled = sqlx::query(include_str!("sql/forget_discrepancies.sql")).bind(days).execute(&mut *conn).await?;
    let syncs = sqlx::query(include_str!("sql/forget_syncs.sql")).bind(days).execute(conn).await?;
    Ok(settled.rows_affected() + syncs.rows_affected())
}
