//! What steps write to HubSoft's side, in the transaction that records them.

use async_trait::async_trait;
use engine::{Apply, Error};
use mapping::Change;
use sqlx::PgConnection;
use uuid::Uuid;

/// Applies [`Change`]s through the crate `mapping`.
pub struct Applied;

#[async_trait]
impl Apply<Change> for Applied {
    async fn apply(&self, conn: &mut PgConnection, changes: Vec<(Uuid, Change)>) -> Result<(), Error> {
        mapping::apply(conn, changes).await.map_err(|error| match error {
            mapping::Error::Database(e) => Error::Database(e),
            other => Error::Change(other.to_string()),
        })
    }
}
