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
    sync::{self, planned, text},
};

/// Writes the boxes with their splitters, ports and who sits there. Nothing where the integration has no project any more.
pub(crate) async fn apply(
    conn: &mut PgConnection,
    run: Uuid,
    integration: i64,
    asked_at: DateTime<Utc>,
    boxes: Vec<WholeBox>,
) -> Result<(), Error> {
    seen(conn, integration, &boxes).await?;
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
    planned(include_str!("sql/register_held.sql")).bind(run).bind(integration).execute(&mut *conn).await?;
    planned(include_str!("sql/register_end.sql")).bind(run).execute(conn).await?;
    Ok(())
}

/// A sync that is under way does not take them for gone.
async fn seen(conn: &mut PgConnection, integration: i64, boxes: &[WholeBox]) -> Result<(), Error> {
    let splitters = boxes.iter().flat_map(|whole| &whole.splitters).map(|splitter| ("splitter", &splitter.external_id));
    let elements = boxes.iter().map(|whole| ("box", &whole.element.external_id)).chain(splitters);
    let (kinds, ids): (Vec<&str>, Vec<String>) = elements.map(|(kind, id)| (kind, text(id))).unzip();
    let query = planned(include_str!("sql/register_seen.sql")).bind(integration).bind(kinds).bind(ids);
    query.execute(conn).await?;
    Ok(())
}
