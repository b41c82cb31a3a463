//! A retry with another payload: the outbox and the attempts so far stay as they are; the run begins anew with what the person
//! gave. Where that is ordered by other keys, it leaves its place and takes one at the end (G4).

use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Acted, Acting, not_now};
use crate::{Error, intake::POSITION_BITS, record, registry::Definitions, workflow::Parked};

impl Acting<'_> {
    pub(super) async fn edits(
        &self,
        conn: &mut PgConnection,
        kinds: &Definitions,
        payload: &Value,
        keys: &[(String, i64)],
    ) -> Result<Acted, Error> {
        let stands = &self.place.stands;
        let unknown: &'static str = Parked::OutcomeUnknown.into();
        let unsettled = stands.parked.as_deref() == Some(unknown) || self.place.is_settling();
        let Some(kind) = kinds.get(&stands.kind).filter(|_| !unsettled) else {
            // What may have been written for the old payload is to be settled first.
            return Ok(without_retry(not_now(stands, kinds)));
        };
        let payload: Value = sqlx::query_scalar(include_str!("../sql/act_admitted.sql"))
            .bind(&stands.kind)
            .bind(payload)
            .fetch_one(&mut *conn)
            .await?;
        let admitted = kind.admit(&payload).map_err(Error::Change)?;
        self.moves(conn, admitted.at, &admitted.state).await?;
        sqlx::query(include_str!("../sql/act_retry.sql")).bind(self.id).execute(&mut *conn).await?;
        let mut old: Vec<&str> = keys.iter().map(|(key, _)| key.as_str()).collect();
        old.sort_unstable();
        let mut new = admitted.keys;
        new.sort();
        new.dedup();
        if old != new {
            self.joins_the_end(conn, keys, &new).await?;
        }
        let after = json!({ "status": "queued", "state": admitted.at, "payload": payload, "keys": new });
        let act: Uuid = self.note(conn, after).await?;
        let edit = sqlx::query(include_str!("../sql/act_edit.sql")).bind(self.id).bind(act).bind(payload);
        edit.execute(conn).await?;
        Ok(Acted::Done)
    }

    /// Leaves its keys, so that whoever is behind it goes on, and takes a place in the order as an intake would: no two runs
    /// can have the same one, and none that was enqueued before is behind it.
    async fn joins_the_end(&self, conn: &mut PgConnection, old: &[(String, i64)], new: &[String]) -> Result<(), Error> {
        let old: Vec<(&str, i64)> = old.iter().map(|(key, position)| (key.as_str(), *position)).collect();
        record::release_keys(conn, &old).await?;
        let intake: i64 = sqlx::query_scalar(include_str!("../sql/act_place_at_end.sql")).fetch_one(&mut *conn).await?;
        sqlx::query(include_str!("../sql/act_join.sql"))
            .bind(self.id)
            .bind(intake << POSITION_BITS)
            .bind(new)
            .execute(conn)
            .await?;
        Ok(())
    }
}

fn without_retry(acted: Acted) -> Acted {
    match acted {
        Acted::NotNow { status, mut legal } => {
            legal.retain(|act| *act != "retry");
            Acted::NotNow { status, legal }
        }
        other => other,
    }
}
