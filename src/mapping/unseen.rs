//! Ports on which a sync saw nobody, and what follows from it: HubSoft's occupant stays, and the difference is recorded (rule S6).

use serde_json::json;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::{Error, apply::Discrepancies, discrepancies::NOT_ON_PLATFORM, occupants::Judged};

/// HubSoft's side of one.
#[derive(Clone, Debug, FromRow)]
struct Found {
    port: i64,
    occupant: Option<i64>,
    in_flight: bool,
}

/// Writes them; answers how many differ.
pub(crate) async fn apply(conn: &mut PgConnection, run: Uuid, ports: Vec<i64>) -> Result<i64, Error> {
    let query = sqlx::query_as(include_str!("sql/unseen_find.sql")).persistent(false);
    let found: Vec<Found> = query.bind(run).bind(ports).fetch_all(&mut *conn).await?;
    let (mut judged, mut differ) = (Judged::default(), Discrepancies::default());
    for found in found.into_iter().filter(|found| !found.in_flight) {
        let Some(occupant) = found.occupant else {
            // Free here and there.
            judged.add(found.port, None);
            continue;
        };
        let ours = json!({ "id_cliente_servico": occupant });
        let theirs = json!({ "external_id": null, "code": null, "name": null });
        judged.add(found.port, Some((NOT_ON_PLATFORM, &ours, &theirs)));
        differ.add(found.port, NOT_ON_PLATFORM, ours, theirs, None);
    }
    judged.write(&mut *conn).await?;
    differ.write(conn).await
}
