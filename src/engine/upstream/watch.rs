//! Keeping the gates current, and taking from the queues in Postgres what there is room for.

use std::{collections::HashMap, time::Duration};

use sqlx::PgPool;
use tokio::sync::Notify;

use super::{Closed, Link, Upstreams, gate::Known};
use crate::{Error, clock, db::within};

/// How often the upstreams are read: what a person or another worker changed is obeyed within that time.
const READ: Duration = Duration::from_secs(1);
/// How often there is a look for room while workflows wait for an upstream.
const PULL: Duration = Duration::from_millis(200);

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    closed: bool,
    seconds: Option<f64>,
    probes: bool,
    reason: Option<String>,
    closed_by: Option<String>,
    rate: Option<f64>,
    at_once: Option<i32>,
    waits: bool,
}

impl Row {
    fn known(self) -> Known {
        let read_at = clock::monotonic();
        let closed = self.closed.then(|| Closed {
            remaining: self.seconds.map(|s| Duration::from_secs_f64(s.clamp(0.0, 1e9))),
            reason: self.reason.unwrap_or_default(),
            closed_by: self.closed_by.unwrap_or_default(),
        });
        Known {
            closed: closed.map(|c| (c, read_at)),
            probes: self.probes,
            rate: self.rate,
            at_once: self.at_once.and_then(|n| u32::try_from(n).ok()),
            waits: self.waits,
        }
    }
}

impl Upstreams {
    /// Reads them anew.
    ///
    /// # Errors
    /// When Postgres cannot be reached.
    pub async fn refresh(&self, pool: &PgPool) -> Result<(), Error> {
        let rows: Vec<Row> = sqlx::query_as(include_str!("sql/states.sql")).fetch_all(pool).await?;
        let mut read: HashMap<String, Row> = rows.into_iter().map(|r| (r.id.clone(), r)).collect();
        for (id, gate) in self.gates() {
            gate.learn(read.remove(&id).map(Row::known).unwrap_or_default());
        }
        for (id, row) in read {
            self.gate(&id).learn(row.known());
        }
        Ok(())
    }

    /// Lets those go on that are in front of the queues, as far as this worker has room for them; how many.
    async fn pull(&self, link: &Link) -> Result<u64, Error> {
        let rooms = self.gates().into_iter().map(|(id, gate)| (id, gate.room(self)));
        let rooms: Vec<_> = rooms.filter(|(_, (most, bulk))| *most > 0 || *bulk > 0).collect();
        if rooms.is_empty() {
            return Ok(0);
        }
        let count = |room: usize| i32::try_from(room).unwrap_or(i32::MAX);
        let pulled = sqlx::query(include_str!("sql/pull.sql"))
            .bind(rooms.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>())
            .bind(rooms.iter().map(|(_, (most, _))| count(*most)).collect::<Vec<_>>())
            .bind(rooms.iter().map(|(_, (_, bulk))| count(*bulk)).collect::<Vec<_>>())
            .execute(&link.pool);
        Ok(within(link.lease.patience(), pulled).await?.rows_affected())
    }

    /// Watches over the upstreams for as long as the lease lasts; tells `nudge` when it let something go on.
    pub(crate) async fn watch(&self, link: &Link, nudge: &Notify) {
        let mut read_at = clock::monotonic();
        while link.lease.alive() {
            match self.pull(link).await {
                Ok(0) => {}
                Ok(_) => nudge.notify_one(),
                Err(error) => tracing::debug!(%error, "could not take from the queues of upstreams"),
            }
            clock::sleep(PULL).await;
            if read_at.elapsed() >= READ {
                read_at = clock::monotonic();
                link.refresh(self).await;
            }
        }
    }
}
