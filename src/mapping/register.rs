//! Boxes that a viability found on a platform and that HubSoft lacks, registered (rule V2).
//!
//! The same statements as a sync's write them, so that the next sync finds nothing to change: a registration is a sync of a few
//! boxes whose row lives and dies in the transaction that writes them.

use chrono::{DateTime, Utc};
use platforms::WholeBox;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    Error,
    change::SyncPart,
    sync::{self, planned},
};

/// Writes the boxes with their splitters, ports and who sits there. Nothing where the integration has no project any more.
pub(crate) async fn apply(
    conn: &mut PgConnection,
    run: Uuid,
    integration: i64,
    asked_at: DateTime<Utc>,
    boxes: Vec<WholeBox>,
) -> Result<(), Error> {
    let begin = planned(include_str!("sql/register_begin.sql")).bind(run).bind(integration).bind(asked_at);
    if begin.execute(&mut *conn).await?.rows_affected() == 0 {
        return Ok(());
    }
    let (mut elements, mut splitters, mut occupants) = (Vec::new(), Vec::new(), Vec::new());
    for whole in boxes {
        elements.push(whole.element);
        splitters.extend(whole.splitters);
        occupants.extend(whole.occupants);
    }
    for part in [SyncPart::Boxes(elements), SyncPart::Splitters(splitters), SyncPart::Occupants(occupants)] {
        sync::apply(conn, run, integration, part).await?;
    }
    planned(include_str!("sql/register_seen.sql")).bind(run).bind(integration).execute(&mut *conn).await?;
    planned(include_str!("sql/register_end.sql")).bind(run).execute(conn).await?;
    Ok(())
}
